-- The latest versions of {market_ids}, with everything that the chain says of them.
SELECT
    market_id, ticker, market_symbol, chain_id, contract_address, protocol, factory_market_id, vault_address, oracle_address,
    collateral_address, creator_address, market_type, starting_price, is_active, toUnixTimestamp(created_timestamp), deployment_block,
    updated_block
FROM vamm_markets
WHERE market_id IN {market_ids:Array(UInt64)}
ORDER BY market_id, updated_block DESC, updated_log_index DESC
LIMIT 1 BY market_id
SETTINGS max_threads = 1
