-- Trades of one market before a place in the chain, with times in [since, until), the newest {limit}.
-- Read in the reverse of the table's order, from each part only what lies at its end.
SELECT
    block_number, log_index, toUnixTimestamp(timestamp), if(price_type = '', NULL, price), volume, size, side, is_long, action, user_address,
    position_id, fee, liquidation_volume > 0, transaction_hash
FROM vamm_market_transactions
WHERE market_id = {market_id:UInt64} AND volume > 0
    AND block_number <= {block:UInt64} AND (block_number < {block:UInt64} OR log_index < {log:Int64})
    AND timestamp >= {since:UInt32} AND timestamp < {until:UInt32}
ORDER BY block_number DESC, log_index DESC
LIMIT {limit:UInt32}
SETTINGS max_threads = 1
