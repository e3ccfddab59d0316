-- Markets that have, or once had, the ticker {ticker}.
SELECT market_id
FROM vamm_tickers
WHERE ticker = {ticker:String}
SETTINGS max_threads = 1
