-- Markets whose ticker and symbol are LIKE {pattern}, in the order of their tickers: reading stops at {limit} where there are many, and the
-- indices leave little to read where there are few.
SELECT market_id
FROM vamm_tickers
WHERE text LIKE {pattern:String}
ORDER BY ticker
LIMIT {limit:UInt32}
SETTINGS max_threads = 1, query_plan_optimize_lazy_materialization = 0
