-- The tables that consumers write. Words and reasons: docs/architecture.md.
CREATE DATABASE IF NOT EXISTS kaquan_store;
CREATE DATABASE IF NOT EXISTS kaquan;

-- One row per record: the place (generation, partition, offset) is in the key, so that replays collapse.
CREATE TABLE IF NOT EXISTS kaquan_store.events
(
    app_id LowCardinality(String),
    time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    event_id FixedString(16),
    generation UInt32 CODEC(ZSTD(1)),
    partition UInt32 CODEC(ZSTD(1)),
    offset UInt64 CODEC(Delta(8), ZSTD(1)),
    record_time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    order_id String CODEC(ZSTD(1)),
    order_time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    order_status Enum8('give_order' = 1, 'pay' = 2, 'cancel_pay' = 3, 'payed' = 4, 'cancel_give_order' = 5, 'refund' = 6),
    coupon_batch_id LowCardinality(String),
    pay_amt_fen Int64 CODEC(ZSTD(1)),
    coupon_ids Array(String) CODEC(ZSTD(1)),
    page String CODEC(ZSTD(1)),
    page_title String CODEC(ZSTD(1)),
    sr_sdk_version LowCardinality(String),
    open_id String CODEC(ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    union_id String CODEC(ZSTD(1)),
    local_id String CODEC(ZSTD(1)),
    tag_ids Array(String) CODEC(ZSTD(1)),
    tag_names Array(String) CODEC(ZSTD(1)),
    wx_user_extra String CODEC(ZSTD(1)),
    chan_wxapp_scene Int32 CODEC(ZSTD(1)),
    chan_id LowCardinality(String),
    chan_refer_app_id LowCardinality(String),
    chan_shop_id LowCardinality(String),
    chan_shop_name LowCardinality(String),
    chan_custom_id LowCardinality(String),
    chan_custom_id_desc LowCardinality(String),
    chan_custom_cat_3 LowCardinality(String),
    chan_custom_cat_3_desc LowCardinality(String),
    chan_custom_cat_2 LowCardinality(String),
    chan_custom_cat_2_desc LowCardinality(String),
    chan_custom_cat_1 LowCardinality(String),
    chan_custom_cat_1_desc LowCardinality(String),
    chan_extra String CODEC(ZSTD(1)),
    component_id LowCardinality(String),
    component_name LowCardinality(String),
    `from` LowCardinality(String),
    tracking_id String CODEC(ZSTD(1)),
    unknown String CODEC(ZSTD(1)),
    stored_at DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta(8), ZSTD(1)),
    INDEX stored_at_range stored_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (app_id, time, event_id, generation, partition, offset);

-- A live row or a tombstone per (order, status, minute); the highest revision wins.
CREATE TABLE IF NOT EXISTS kaquan_store.milestones
(
    app_id LowCardinality(String),
    minute DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
    status Enum8('give_order' = 1, 'pay' = 2, 'cancel_pay' = 3, 'payed' = 4, 'cancel_give_order' = 5, 'refund' = 6),
    order_id String CODEC(ZSTD(1)),
    revision UInt32 CODEC(ZSTD(1)),
    is_deleted UInt8 CODEC(ZSTD(1)),
    time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    pay_amt_fen Int64 CODEC(ZSTD(1)),
    open_id String CODEC(ZSTD(1)),
    coupon_batch_id LowCardinality(String),
    chan_wxapp_scene Int32 CODEC(ZSTD(1)),
    chan_id LowCardinality(String),
    chan_shop_id LowCardinality(String),
    payed_time Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    cancel_give_order_time Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    refund_time Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision, is_deleted)
PARTITION BY toYYYYMM(minute)
ORDER BY (app_id, minute, status, order_id);

-- Per status the least event by (time, event_id, everything folded). An absent status is the sentinel with the
-- greatest storable time, written explicitly. Read with GROUP BY and min(…), never state.field through FINAL.
CREATE TABLE IF NOT EXISTS kaquan_store.states
(
    app_id String,
    order_id String,
    revision SimpleAggregateFunction(max, UInt32),
    give_order SimpleAggregateFunction(min, Tuple(time DateTime64(3, 'UTC'), event_id FixedString(16), order_time DateTime64(3, 'UTC'), pay_amt_fen Int64, open_id String, coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))) CODEC(ZSTD(1)),
    pay SimpleAggregateFunction(min, Tuple(time DateTime64(3, 'UTC'), event_id FixedString(16), order_time DateTime64(3, 'UTC'), pay_amt_fen Int64, open_id String, coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))) CODEC(ZSTD(1)),
    cancel_pay SimpleAggregateFunction(min, Tuple(time DateTime64(3, 'UTC'), event_id FixedString(16), order_time DateTime64(3, 'UTC'), pay_amt_fen Int64, open_id String, coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))) CODEC(ZSTD(1)),
    payed SimpleAggregateFunction(min, Tuple(time DateTime64(3, 'UTC'), event_id FixedString(16), order_time DateTime64(3, 'UTC'), pay_amt_fen Int64, open_id String, coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))) CODEC(ZSTD(1)),
    cancel_give_order SimpleAggregateFunction(min, Tuple(time DateTime64(3, 'UTC'), event_id FixedString(16), order_time DateTime64(3, 'UTC'), pay_amt_fen Int64, open_id String, coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))) CODEC(ZSTD(1)),
    refund SimpleAggregateFunction(min, Tuple(time DateTime64(3, 'UTC'), event_id FixedString(16), order_time DateTime64(3, 'UTC'), pay_amt_fen Int64, open_id String, coupon_batch_id String, chan_wxapp_scene Int32, chan_id String, chan_shop_id String, coupon_ids Array(String))) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (app_id, order_id)
SETTINGS index_granularity = 256;

-- Offsets below a commit that are no stored record: dead letters (kept whole on the DLQ topic) and counted skips.
CREATE TABLE IF NOT EXISTS kaquan_store.dead_letters
(
    consumer_group LowCardinality(String),
    generation UInt32,
    partition UInt32,
    offset UInt64,
    record_time DateTime64(3, 'UTC'),
    reason LowCardinality(String),
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (consumer_group, generation, partition, offset);

CREATE TABLE IF NOT EXISTS kaquan_store.skips
(
    consumer_group LowCardinality(String),
    generation UInt32,
    partition UInt32,
    first_offset UInt64,
    last_offset UInt64,
    reason LowCardinality(String),
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (consumer_group, generation, partition, first_offset, last_offset);

-- The highest accounted offset of each group and partition: a log that ends below it was recreated or cut, and a commit
-- above it was moved by somebody else.
CREATE TABLE IF NOT EXISTS kaquan_store.high_water
(
    consumer_group LowCardinality(String),
    generation UInt32,
    partition UInt32,
    offset SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (consumer_group, generation, partition);

CREATE MATERIALIZED VIEW IF NOT EXISTS kaquan_store.high_water_of_events TO kaquan_store.high_water
AS SELECT 'orders' AS consumer_group, generation, partition, max(offset) AS offset FROM kaquan_store.events GROUP BY generation, partition;

CREATE MATERIALIZED VIEW IF NOT EXISTS kaquan_store.high_water_of_dead_letters TO kaquan_store.high_water
AS SELECT consumer_group, generation, partition, max(offset) AS offset FROM kaquan_store.dead_letters GROUP BY consumer_group, generation, partition;

CREATE MATERIALIZED VIEW IF NOT EXISTS kaquan_store.high_water_of_skips TO kaquan_store.high_water
AS SELECT consumer_group, generation, partition, max(last_offset) AS offset FROM kaquan_store.skips GROUP BY consumer_group, generation, partition;

-- What migrate recorded of each topic: its generation (places of a recreated topic never meet the old ones) and
-- its partition count (one order, one partition).
CREATE TABLE IF NOT EXISTS kaquan_store.topics
(
    topic String,
    generation UInt32,
    partitions UInt32,
    recorded_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (topic, generation);

-- Facts that a consumer must agree with before it runs: fold_version.
CREATE TABLE IF NOT EXISTS kaquan_store.facts
(
    name String,
    value String,
    recorded_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY name;
