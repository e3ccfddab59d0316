-- Who may write a chain's rows. A claim counts until it expires or is released; one claim at a time.
CREATE TABLE IF NOT EXISTS vamm_leases
(
    chain_id   UInt64,
    holder     String,
    claimed_at DateTime64(6, 'UTC') DEFAULT now64(6),
    expires_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(claimed_at)
ORDER BY (chain_id, holder)
TTL toDateTime(expires_at) + INTERVAL 1 DAY
