-- What kaquan rebuild does, step by step; the last step of the highest number is the one that counts. `hold`: consumers of the
-- groups stay away as long as it is renewed. `exchange`: they stay away until it is released, whoever has died, and nobody who
-- began before it may write states and milestones any more. `plan` is all that is needed to finish an exchange, as JSON.
CREATE TABLE IF NOT EXISTS kaquan_store.rebuilds
(
    number UInt32,
    sequence UInt32,
    step Enum8('hold' = 1, 'exchange' = 2, 'release' = 3),
    consumer_groups Array(String),
    plan String,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (number, sequence);
