-- Markets that have, or once had, one of {tickers}.
SELECT DISTINCT market_id
FROM vamm_tickers
WHERE ticker IN {tickers:Array(String)}
SETTINGS max_threads = 1
