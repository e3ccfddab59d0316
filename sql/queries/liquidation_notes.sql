-- Trades that another event of the same transaction tells to be liquidations, in a range of blocks and of time: transaction and trader.
SELECT DISTINCT transaction_hash, user_address
FROM vamm_market_transactions
WHERE market_id = {market_id:UInt64} AND action = 'liquidation_note'
    AND block_number >= {first:UInt64} AND block_number <= {last:UInt64}
    AND timestamp >= {since:UInt32} AND timestamp <= {until:UInt32}
SETTINGS max_threads = 1
