-- for each rollup
CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_ohlcv_{{resolution}}_mv TO vamm_ohlcv_{{resolution}} AS
{{select}}
