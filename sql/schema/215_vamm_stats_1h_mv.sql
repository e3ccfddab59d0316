CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_stats_1h_mv TO vamm_stats_1h AS
{{rollup vamm_stats_1h}}
