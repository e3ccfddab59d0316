-- What the writer is about to do, written before it does it: a crash leaves the entry open, and recovery repairs
-- just what it names. One row a chain and kind (commit, rewind), the newest version counts.
CREATE TABLE IF NOT EXISTS vamm_journal
(
    chain_id   UInt64,
    kind       LowCardinality(String),
    version    UInt64,
    is_open    UInt8,
    from_block UInt64,
    to_block   UInt64 COMMENT 'a commit is closed by a checkpoint at this block, too',
    since      DateTime('UTC') COMMENT 'start of the first day whose rollups it touches',
    market_ids Array(UInt64)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (chain_id, kind)
