-- As with the tickers: markets from before the view.
INSERT INTO vamm_listings (market_id, updated_block, updated_log_index, chain_id, ticker, market_symbol, is_active, starting_price)
{{rollup vamm_listings}}
