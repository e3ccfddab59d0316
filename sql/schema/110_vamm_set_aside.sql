-- Logs that could not become rows, whole, with the reason.
CREATE TABLE IF NOT EXISTS vamm_set_aside
(
    chain_id         UInt64,
    block_number     UInt64,
    block_hash       String,
    timestamp        DateTime('UTC'),
    transaction_hash String,
    log_index        UInt64,
    contract_address String,
    topics           Array(String),
    data             String CODEC(ZSTD(3)),
    reason           String,
    set_aside_at     DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(set_aside_at)
PARTITION BY toYYYYMM(timestamp)
ORDER BY (chain_id, block_number, log_index)
SETTINGS index_granularity = 1024
