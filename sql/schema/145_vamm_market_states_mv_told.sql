ALTER TABLE vamm_market_states_mv MODIFY QUERY
{{rollup vamm_market_states}}
