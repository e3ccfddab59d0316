-- Markets whose name and description are LIKE {pattern}, as with the symbols.
SELECT market_id
FROM vamm_catalogue
WHERE text LIKE {pattern:String}
LIMIT 1 BY market_id
LIMIT {limit:UInt32}
SETTINGS max_threads = 1
