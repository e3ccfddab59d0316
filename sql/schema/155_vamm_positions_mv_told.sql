ALTER TABLE vamm_positions_mv MODIFY QUERY
{{rollup vamm_positions}}
