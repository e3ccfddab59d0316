-- The latest versions of some markets.
SELECT market_id, ticker, market_symbol, name, description, quote_asset, toFloat64(starting_price)
FROM vamm_markets
WHERE market_id IN {market_ids:Array(UInt64)}
ORDER BY market_id, updated_block DESC, updated_log_index DESC
LIMIT 1 BY market_id
