-- Hours of the last days, likewise.
CREATE TABLE IF NOT EXISTS vamm_stats_1h AS vamm_stats_1m
ENGINE = AggregatingMergeTree
PARTITION BY toDate(timestamp)
ORDER BY (timestamp, market_id)
TTL timestamp + toIntervalDay(3)
SETTINGS ttl_only_drop_parts = 1
