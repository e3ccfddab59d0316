CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_tickers_mv TO vamm_tickers AS
{{rollup vamm_tickers}}
