-- What migrating itself needs, before the first migration. Applied on every run.
CREATE DATABASE IF NOT EXISTS kaquan_store;

-- One row per applied migration; the checksum shows that its file has not changed since.
CREATE TABLE IF NOT EXISTS kaquan_store.migrations
(
    version UInt32,
    name String,
    checksum String,
    owner String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (version, name, checksum);

-- Claims on the store. Who sees no living claim but his own holds the lock: of two claimants, the one who looks last sees
-- both. The highest revision of an owner is the one that counts; `at` is the server's clock, the same for all.
CREATE TABLE IF NOT EXISTS kaquan_store.migration_lock
(
    owner String,
    revision UInt32,
    released UInt8,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY owner;
