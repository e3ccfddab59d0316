-- What people say of markets, one entry a market; the latest import counts. A market may be described before the chain knows it.
CREATE TABLE IF NOT EXISTS vamm_catalogue
(
    market_id        UInt64,
    chain_id         UInt64,
    contract_address String,

    name             String,
    description      String,
    category         LowCardinality(String),
    base_asset       String,
    quote_asset      String,
    icon_url         String,
    banner_url       String,
    website_url      String,

    min_trade_size   Nullable(Decimal(38, 18)) COMMENT 'in the quote asset; null where not told, as the next two',
    max_leverage     Nullable(Decimal(38, 18)),
    fee_rate         Nullable(Decimal(38, 18)) COMMENT 'share of the notional',
    funding_interval UInt32 COMMENT 'seconds; 0: the usual one',

    imported_at      DateTime64(6, 'UTC') DEFAULT now64(6),
    text             String MATERIALIZED concat('\n', upperUTF8(name), '\n', upperUTF8(description)) CODEC(NONE) COMMENT 'what a search looks in',

    INDEX two_letters text TYPE ngrambf_v1(2, 2048, 2, 0) GRANULARITY 32,
    INDEX four_letters text TYPE ngrambf_v1(4, 16384, 2, 0) GRANULARITY 8
)
ENGINE = ReplacingMergeTree(imported_at)
ORDER BY market_id
SETTINGS index_granularity = 128, min_compress_block_size = 4096
