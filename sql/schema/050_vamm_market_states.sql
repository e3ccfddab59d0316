-- Each market's running state at the end of each day, exact: what the listener goes on from.
CREATE TABLE IF NOT EXISTS vamm_market_states
(
    market_id    UInt64 CODEC(ZSTD(1)),
    timestamp    DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)) COMMENT 'start of the day',
    price        SimpleAggregateFunction(max, Tuple(UInt64, Decimal(38, 18))) CODEC(ZSTD(1)) COMMENT '(ordinal, last price point)',
    sizes        SimpleAggregateFunction(max, Tuple(UInt64, Decimal(38, 18), Decimal(38, 18))) CODEC(ZSTD(1)) COMMENT '(ordinal, total long size, total short size)',
    funding_rate SimpleAggregateFunction(max, Tuple(UInt64, Decimal(38, 18))) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (market_id, timestamp)
SETTINGS index_granularity = 1024
