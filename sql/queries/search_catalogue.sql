-- Markets whose name and description are LIKE {pattern}.
SELECT market_id
FROM vamm_catalogue
WHERE text LIKE {pattern:String}
ORDER BY market_id
LIMIT {limit:UInt32}
SETTINGS max_threads = 1, query_plan_optimize_lazy_materialization = 0
