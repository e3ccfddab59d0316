-- Each chain's newest committed block, and that block's time in seconds.
SELECT chain_id, max(block_number), toUnixTimestamp(argMax(block_timestamp, block_number))
FROM vamm_checkpoints
GROUP BY chain_id
