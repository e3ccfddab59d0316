-- Every version of {market_ids} as charts list them; the reader takes the latest, which costs less than to ask for it.
SELECT market_id, (updated_block, updated_log_index), ticker, market_symbol, toFloat64(toString(starting_price)), is_active
FROM vamm_listings
WHERE market_id IN {market_ids:Array(UInt64)}
SETTINGS max_threads = 1
