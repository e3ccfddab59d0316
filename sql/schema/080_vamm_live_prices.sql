-- A market's figures of the moment, one row a second in which they changed.
CREATE TABLE IF NOT EXISTS vamm_live_prices
(
    market_id          UInt64,
    market_symbol      LowCardinality(String),
    timestamp          DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),

    mark_price         Decimal(38, 18),
    index_price        Nullable(Decimal(38, 18)),
    funding_rate       Nullable(Decimal(38, 18)),

    volume_1m          Float64,
    volume_5m          Float64,
    volume_1h          Float64,

    open_interest      Decimal(38, 18),
    long_short_ratio   Nullable(Float64),

    price_change_1h    Nullable(Float64),
    price_change_24h   Nullable(Float64),
    volatility_24h     Nullable(Float64),

    bid_ask_spread     Nullable(Float64),
    market_depth       Nullable(Float64),

    active_traders_1h  UInt32,
    active_traders_24h UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY toDate(timestamp)
ORDER BY (market_id, timestamp)
SETTINGS index_granularity = 1024
