CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_stats_1m_mv TO vamm_stats_1m AS
{{rollup vamm_stats_1m}}
