-- The oldest logs of a chain that were set aside, in the chain's order.
SELECT
    chain_id, block_number, block_hash, toUnixTimestamp(timestamp), transaction_hash, log_index, contract_address, topics, data, reason
FROM vamm_set_aside FINAL
WHERE chain_id = {chain_id:UInt64}
ORDER BY block_number, log_index
LIMIT {limit:UInt32}
