-- The side with which each position was opened, by day, so that a rewind can take a day back.
CREATE TABLE IF NOT EXISTS vamm_positions
(
    market_id   UInt64 CODEC(ZSTD(1)),
    position_id UInt256 CODEC(ZSTD(1)),
    timestamp   DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'start of the day of the opening',
    opening     SimpleAggregateFunction(max, Tuple(UInt64, UInt8)) CODEC(ZSTD(1)) COMMENT '(ordinal, is long)'
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (market_id, position_id, timestamp)
SETTINGS index_granularity = 1024
