-- Minutes of the last days by time first: what happened to all markets in a day lies side by side here, and scattered in the candles.
-- Only what statistics need, in the codec that is read fastest. Parts may be unmerged; sentinels as in the candles.
CREATE TABLE IF NOT EXISTS vamm_stats_1m
(
    market_id          UInt64,
    timestamp          DateTime('UTC') CODEC(DoubleDelta, LZ4),

    open               SimpleAggregateFunction(min, Tuple(UInt64, Float64)) COMMENT '(ordinal of block and log, price)',
    high               SimpleAggregateFunction(max, Float64),
    low                SimpleAggregateFunction(min, Float64),
    close              SimpleAggregateFunction(max, Tuple(UInt64, Float64)),
    volume             SimpleAggregateFunction(sum, Float64),

    trades_count       SimpleAggregateFunction(sum, UInt64),
    turnover           SimpleAggregateFunction(sum, Float64) COMMENT 'sum of price * volume',
    total_fees         SimpleAggregateFunction(sum, Float64),

    buy_volume         SimpleAggregateFunction(sum, Float64),
    sell_volume        SimpleAggregateFunction(sum, Float64),

    liquidation_volume SimpleAggregateFunction(sum, Float64),
    liquidation_count  SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toDate(timestamp)
ORDER BY (timestamp, market_id)
TTL timestamp + toIntervalDay(3)
SETTINGS ttl_only_drop_parts = 1
