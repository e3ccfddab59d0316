-- Every decoded event of every market: the truth from which all else can be rebuilt.
-- Amounts are exact (1e-18 units). (block_number, log_index) is the only order of events.
CREATE TABLE IF NOT EXISTS vamm_market_transactions
(
    market_id          UInt64,
    market_symbol      LowCardinality(String),
    contract_address   String CODEC(ZSTD(1)),

    timestamp          DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    block_number       UInt64 CODEC(DoubleDelta, ZSTD(1)),
    transaction_hash   String CODEC(ZSTD(1)),
    log_index          UInt32 CODEC(ZSTD(1)),
    event_type         LowCardinality(String),
    action             LowCardinality(String) COMMENT 'what the event does: open, increase, close, liquidate, trade, mark, …',

    price              Decimal(38, 18) CODEC(ZSTD(1)) COMMENT '0 where the event is no price point',
    price_type         LowCardinality(String) COMMENT 'mark, entry, exit, liquidation; index (an oracle''s, makes no candle); empty: none',
    volume             Decimal(38, 18) CODEC(ZSTD(1)) COMMENT 'what the event adds to a candle''s volume: 0 where it is no trade',
    size               Decimal(38, 18) CODEC(ZSTD(1)),
    fee                Decimal(38, 18) CODEC(ZSTD(1)),
    liquidation_volume Decimal(38, 18) CODEC(ZSTD(1)),
    side               LowCardinality(String) COMMENT 'the taker''s direction: buy, sell; empty: unknown or no trade',

    user_address       String CODEC(ZSTD(1)),
    position_id        UInt256 CODEC(ZSTD(1)),
    is_long            Nullable(UInt8) COMMENT 'side of the position; NULL: unknown or no position',
    leverage           Decimal(38, 18) CODEC(ZSTD(1)),
    pnl                Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),

    total_long_size    Decimal(38, 18) CODEC(ZSTD(1)) COMMENT 'running state of the market after this event',
    total_short_size   Decimal(38, 18) CODEC(ZSTD(1)),
    open_interest      Decimal(38, 18) CODEC(ZSTD(1)),
    funding_rate       Nullable(Decimal(38, 18)) CODEC(ZSTD(1)),

    chain_id           UInt64 CODEC(ZSTD(1)),

    day                Date ALIAS toDate(timestamp),
    hour               DateTime('UTC') ALIAS toStartOfHour(timestamp),
    minute             DateTime('UTC') ALIAS toStartOfMinute(timestamp),

    INDEX by_time timestamp TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (market_id, block_number, log_index)
SETTINGS index_granularity = 8192
