-- Each chain's newest block of those committed before {before}, in milliseconds by the store's clock, and that block's time in seconds.
SELECT chain_id, max(block_number), toUnixTimestamp(argMax(block_timestamp, block_number))
FROM vamm_checkpoints
WHERE committed_at < fromUnixTimestamp64Milli({before:Int64})
GROUP BY chain_id
