-- Months of which there is anything to compare, how many rows of all tables, and whether statistics of 24 hours look at them.
SELECT month, sum(rows), month >= toYYYYMM(toStartOfDay(now('UTC') - INTERVAL 26 HOUR)) AS recent
FROM
(
    SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_market_transactions GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_ohlcv_1s GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_ohlcv_1m GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_ohlcv_5m GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_ohlcv_15m GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_ohlcv_1h GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_ohlcv_1d GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_stats_1m GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_stats_1h GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_market_states GROUP BY month
    UNION ALL SELECT toYYYYMM(timestamp) AS month, count() AS rows FROM vamm_positions GROUP BY month
)
GROUP BY month
ORDER BY month
