-- Markets by their trades in the week that ends with the newest day stored, the most active first.
SELECT market_id
FROM vamm_ohlcv_1d
WHERE timestamp > (SELECT max(timestamp) - INTERVAL 7 DAY FROM vamm_ohlcv_1d)
GROUP BY market_id
ORDER BY sum(trades_count) DESC, market_id
LIMIT {limit:UInt32}
