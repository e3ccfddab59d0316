-- Versions of markets as charts list them, to be read one by one: `vamm_markets` has wider rows, and with the usual 64 KB a block most of
-- what is unpacked for one market is other markets.
CREATE TABLE IF NOT EXISTS vamm_listings
(
    market_id         UInt64,
    updated_block     UInt64,
    updated_log_index UInt32,
    chain_id          UInt64,
    ticker            String,
    market_symbol     String,
    is_active         UInt8,
    starting_price    Decimal(38, 18)
)
ENGINE = ReplacingMergeTree
PRIMARY KEY market_id
ORDER BY (market_id, updated_block, updated_log_index)
SETTINGS index_granularity = 256, min_compress_block_size = 4096
