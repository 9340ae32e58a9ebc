-- Dead letters that were published again, by the place that names them: where the record lay when it failed, or, if it
-- never lay in Kafka before, where its dead letter lies. Generations are unique among all topics, so that the two never
-- meet. It remembers for ever, because dead letters are kept for ever.
CREATE TABLE IF NOT EXISTS kaquan_store.redrives
(
    consumer_group LowCardinality(String),
    generation UInt32,
    partition UInt32,
    offset UInt64,
    reason LowCardinality(String),
    count UInt32,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY (consumer_group, generation, partition, offset);
