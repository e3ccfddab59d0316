-- How far each chain has come: its newest committed block with its time, and the oldest of its newest thousand remembered ones with its
-- time, which tell the chain's pace.
SELECT
    chain_id,
    max(block_number),
    toUnixTimestamp(argMax(block_timestamp, block_number)),
    min(block_number),
    toUnixTimestamp(argMin(block_timestamp, block_number))
FROM
(
    SELECT chain_id, block_number, block_timestamp
    FROM vamm_checkpoints
    ORDER BY chain_id, block_number DESC
    LIMIT 1000 BY chain_id
)
GROUP BY chain_id
