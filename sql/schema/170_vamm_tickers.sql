-- Versions of markets by ticker: a ticker is one lookup, a beginning is a range of the key, and a part is looked for in the text.
-- Whoever reads it checks what it finds against the market's latest version: an older one may have had another ticker or symbol.
CREATE TABLE IF NOT EXISTS vamm_tickers
(
    ticker            String,
    market_id         UInt64,
    updated_block     UInt64,
    updated_log_index UInt32,
    chain_id          UInt64,
    is_active         UInt8,
    text              String CODEC(NONE) COMMENT 'ticker, and after a line break the symbol, in capitals; uncompressed: where no index helps, all of it is read',

    INDEX two_letters text TYPE ngrambf_v1(2, 1024, 2, 0) GRANULARITY 4,
    INDEX four_letters text TYPE ngrambf_v1(4, 8192, 2, 0) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PRIMARY KEY ticker
ORDER BY (ticker, market_id, updated_block, updated_log_index)
SETTINGS index_granularity = 2048
