-- What charts need to know of each version of a market.
SELECT market_id, updated_block, updated_log_index, chain_id, ticker, market_symbol, is_active, starting_price
FROM vamm_markets
