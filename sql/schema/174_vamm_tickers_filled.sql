-- Markets from before the view. What a listener, or another process that migrates, puts in at the same time is the same rows: they become one.
INSERT INTO vamm_tickers (ticker, market_id, updated_block, updated_log_index, chain_id, is_active, text)
{{rollup vamm_tickers}}
