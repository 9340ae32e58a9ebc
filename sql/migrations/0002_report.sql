-- What became of each event at the report API: the ledger that keeps the sink from sending an event twice. Sorted so that
-- the look-ups of what was published at about the same time read a few neighbouring rows. An event that was refused, and
-- accepted after a redrive, has both rows. No partitions: an event may claim any time, and an insert may touch few of them.
CREATE TABLE IF NOT EXISTS kaquan_store.report_deliveries
(
    app_id LowCardinality(String),
    time DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    event_id FixedString(16),
    outcome Enum8('refused' = 1, 'accepted' = 2),
    generation UInt32 CODEC(ZSTD(1)),
    partition UInt32 CODEC(ZSTD(1)),
    offset UInt64 CODEC(Delta(8), ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
    attempts UInt32 CODEC(ZSTD(1)),
    status UInt16 CODEC(ZSTD(1)),
    code Int64 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (app_id, time, event_id, outcome);

CREATE MATERIALIZED VIEW IF NOT EXISTS kaquan_store.high_water_of_report_deliveries TO kaquan_store.high_water
AS SELECT 'report' AS consumer_group, generation, partition, max(offset) AS offset FROM kaquan_store.report_deliveries GROUP BY generation, partition;
