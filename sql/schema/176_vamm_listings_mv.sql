CREATE MATERIALIZED VIEW IF NOT EXISTS vamm_listings_mv TO vamm_listings AS
{{rollup vamm_listings}}
