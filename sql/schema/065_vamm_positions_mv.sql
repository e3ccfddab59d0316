CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_positions_mv TO vamm_positions AS
{{rollup vamm_positions}}
