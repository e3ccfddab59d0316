-- Markets whose ticker and symbol are LIKE {pattern}, each once: reading stops at {limit} where there are many, and the indices leave little
-- to read where there are few. One thread reads one part after the other, so that the same question finds the same markets.
SELECT market_id
FROM vamm_tickers
WHERE text LIKE {pattern:String}
LIMIT 1 BY market_id
LIMIT {limit:UInt32}
SETTINGS max_threads = 1
