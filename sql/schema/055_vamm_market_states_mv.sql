CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_market_states_mv TO vamm_market_states AS
{{rollup vamm_market_states}}
