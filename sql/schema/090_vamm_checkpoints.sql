-- Committed blocks. The highest is the checkpoint; the ones below trace a reorganisation to its fork.
CREATE TABLE IF NOT EXISTS vamm_checkpoints
(
    chain_id        UInt64,
    block_number    UInt64,
    block_hash      String,
    parent_hash     String,
    block_timestamp DateTime('UTC'),
    committed_at    DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(committed_at)
ORDER BY (chain_id, block_number)
SETTINGS index_granularity = 1024
