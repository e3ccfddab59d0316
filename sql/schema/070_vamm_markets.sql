-- Every version of every market: creation, then each change of status. The latest has the highest (updated_block, updated_log_index).
-- Versions are kept so that a rewind can go back to the one before.
CREATE TABLE IF NOT EXISTS vamm_markets
(
    market_id          UInt64,
    ticker             String COMMENT 'the symbol made legal and unique: what charts call the market',
    market_symbol      String COMMENT 'free text of the market''s creator',
    contract_address   String,
    chain_id           UInt64,
    protocol           LowCardinality(String),
    factory_market_id  String COMMENT 'bytes32 under which the factory knows the market',
    vault_address      String,
    oracle_address     String,
    collateral_address String,
    creator_address    String,
    market_type        UInt8,
    starting_price     Decimal(38, 18),

    name               String,
    description        String,
    category           LowCardinality(String),
    base_asset         String,
    quote_asset        String,

    is_active          UInt8,
    created_timestamp  DateTime('UTC'),
    deployment_block   UInt64,
    updated_block      UInt64,
    updated_log_index  UInt32,
    last_updated       DateTime('UTC') DEFAULT now(),

    INDEX by_ticker ticker TYPE bloom_filter GRANULARITY 1,
    INDEX by_factory_id factory_market_id TYPE bloom_filter GRANULARITY 1,
    INDEX by_oracle oracle_address TYPE bloom_filter GRANULARITY 1
)
ENGINE = ReplacingMergeTree(last_updated)
ORDER BY (market_id, updated_block, updated_log_index)
SETTINGS index_granularity = 1024
