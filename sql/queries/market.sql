-- The latest version of the market that charts call {ticker}.
SELECT market_id, ticker, market_symbol, name, description, quote_asset, toFloat64(starting_price)
FROM vamm_markets
WHERE ticker = {ticker:String}
ORDER BY market_id, updated_block DESC, updated_log_index DESC
LIMIT 1
