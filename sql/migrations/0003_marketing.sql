-- Which orders may have brought a buyer something: found here, and believed only as far as their states agree. Never a row
-- is taken away. Filled from events, which are stored before states: an order that has a state is found.
CREATE TABLE IF NOT EXISTS kaquan_store.buyer_orders
(
    app_id String,
    open_id String,
    order_id String
)
ENGINE = ReplacingMergeTree
ORDER BY (app_id, open_id, order_id)
SETTINGS index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 16384;

-- The same by what else a report calls the buyer, whatever app it came from.
CREATE TABLE IF NOT EXISTS kaquan_store.person_orders
(
    name Enum8('user_id' = 1, 'union_id' = 2),
    id String,
    app_id String,
    open_id String,
    order_id String
)
ENGINE = ReplacingMergeTree
ORDER BY (name, id, app_id, open_id, order_id)
SETTINGS index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 16384;

CREATE MATERIALIZED VIEW IF NOT EXISTS kaquan_store.buyer_orders_of_events TO kaquan_store.buyer_orders
AS SELECT app_id, open_id, order_id FROM kaquan_store.events WHERE order_status = 'payed';

CREATE MATERIALIZED VIEW IF NOT EXISTS kaquan_store.person_orders_of_events TO kaquan_store.person_orders
AS SELECT name, id, app_id, open_id, order_id
FROM kaquan_store.events
ARRAY JOIN ['user_id', 'union_id'] AS name, [user_id, union_id] AS id
WHERE order_status = 'payed' AND id != '';

-- An insert that began before the views were there does not fill them, and may end after the rows below are read: it is
-- stopped, and its consumer, which never commits before it is answered, sends the same rows again.
KILL QUERY WHERE query LIKE 'INSERT INTO kaquan_store.events %' SYNC;

INSERT INTO kaquan_store.buyer_orders SELECT DISTINCT app_id, open_id, order_id FROM kaquan_store.events WHERE order_status = 'payed';

-- And from states, whose events may be forgotten by now.
INSERT INTO kaquan_store.buyer_orders
SELECT app_id, tupleElement(payed, 'open_id'), order_id FROM kaquan_store.states WHERE tupleElement(payed, 'open_id') != '';

INSERT INTO kaquan_store.person_orders
SELECT name, id, app_id, open_id, order_id
FROM kaquan_store.events
ARRAY JOIN ['user_id', 'union_id'] AS name, [user_id, union_id] AS id
WHERE order_status = 'payed' AND id != '';

-- Which person a buyer is to the merchant; the last one told counts, and '' takes it back.
CREATE TABLE IF NOT EXISTS kaquan_store.identities
(
    app_id String,
    open_id String,
    user_id String,
    at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (app_id, open_id)
SETTINGS index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 16384;

-- Coupons that are used up; the last word on a coupon counts.
CREATE TABLE IF NOT EXISTS kaquan_store.redemptions
(
    coupon_id String,
    redeemed UInt8,
    at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY coupon_id
SETTINGS index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 16384;

-- What apps offer. The rows of a version are stored first; the one row that names it here makes all of them count.
CREATE TABLE IF NOT EXISTS kaquan_store.catalogue_versions
(
    version String,
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = MergeTree
ORDER BY (applied_at, version);

-- `offer` is the offer as its file has it, as JSON, without its members or balances; of those their number and a digest.
CREATE TABLE IF NOT EXISTS kaquan_store.catalogue_offers
(
    version String,
    kind Enum8('coupon_batch' = 1, 'activity' = 2, 'membership' = 3, 'score' = 4),
    app_id String,
    id String,
    offer String,
    holders UInt64,
    holders_digest String
)
ENGINE = MergeTree
PARTITION BY version
ORDER BY (kind, app_id, id);

-- Who is a member, and who has how many points.
CREATE TABLE IF NOT EXISTS kaquan_store.catalogue_holders
(
    version String,
    kind Enum8('membership' = 3, 'score' = 4),
    app_id String,
    open_id String,
    id String,
    value Int64
)
ENGINE = ReplacingMergeTree
PARTITION BY version
ORDER BY (app_id, open_id, kind, id)
SETTINGS index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 16384;

-- A look-up reads single orders: small blocks decompress three times as fast for it, and take 4 % more room.
ALTER TABLE kaquan_store.states MODIFY SETTING min_compress_block_size = 4096, max_compress_block_size = 16384;
