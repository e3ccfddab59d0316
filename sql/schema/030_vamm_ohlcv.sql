-- for each rollup
-- Candles of one resolution. Parts may be unmerged: always read with GROUP BY timestamp.
-- A bucket with rows but no price point holds sentinels (close.1 = 0) and is no bar; its volume counts in larger buckets.
CREATE TABLE IF NOT EXISTS vamm_ohlcv_{{resolution}}
(
    market_id          UInt64 CODEC(ZSTD(1)),
    timestamp          DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),

    open               SimpleAggregateFunction(min, Tuple(UInt64, Float64)) CODEC(ZSTD(1)) COMMENT '(ordinal of block and log, price)',
    high               SimpleAggregateFunction(max, Float64) CODEC(ZSTD(1)),
    low                SimpleAggregateFunction(min, Float64) CODEC(ZSTD(1)),
    close              SimpleAggregateFunction(max, Tuple(UInt64, Float64)) CODEC(ZSTD(1)),
    volume             SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),

    trades_count       SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    turnover           SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)) COMMENT 'sum of price * volume: vwap = turnover / volume',
    total_fees         SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    traders            AggregateFunction(uniqCombined(15), String) CODEC(ZSTD(1)) COMMENT 'unique_traders = uniqCombinedMerge(15)(traders)',

    buy_volume         SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    sell_volume        SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    long_trades        SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    short_trades       SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),

    liquidation_volume SimpleAggregateFunction(sum, Float64) CODEC(ZSTD(1)),
    liquidation_count  SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),

    funding_rate       SimpleAggregateFunction(max, Tuple(UInt64, Float64)) CODEC(ZSTD(1)) COMMENT '(ordinal, rate) of the last event that knew one',
    open_interest      SimpleAggregateFunction(max, Tuple(UInt64, Float64)) CODEC(ZSTD(1)) COMMENT '(ordinal, open interest) of the last event',

    unix_timestamp     UInt32 ALIAS toUnixTimestamp(timestamp),
    day                Date ALIAS toDate(timestamp)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (market_id, timestamp)
SETTINGS index_granularity = 4096
