-- Chains of which something is stored, with the newest block of each.
SELECT chain_id, max(block_number) FROM vamm_checkpoints GROUP BY chain_id ORDER BY chain_id
