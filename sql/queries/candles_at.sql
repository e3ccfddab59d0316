-- Stored candles of all rollups by their keys (market, start): (ordinal, price) of open and close, and the ordinal of the newest event that
-- each has. A close's ordinal is 0 where there is no price.
SELECT
    stored, market_id, toUnixTimestamp(timestamp),
    min(open), max(high), min(low), max(close), sum(volume), sum(trades_count), max(place)
FROM
(
    SELECT '1s' AS stored, market_id, timestamp, open, high, low, close, volume, trades_count, open_interest.1 AS place
    FROM vamm_ohlcv_1s WHERE (market_id, timestamp) IN {keys_1s:Array(Tuple(UInt64, UInt32))}
    UNION ALL
    SELECT '1m' AS stored, market_id, timestamp, open, high, low, close, volume, trades_count, open_interest.1 AS place
    FROM vamm_ohlcv_1m WHERE (market_id, timestamp) IN {keys_1m:Array(Tuple(UInt64, UInt32))}
    UNION ALL
    SELECT '5m' AS stored, market_id, timestamp, open, high, low, close, volume, trades_count, open_interest.1 AS place
    FROM vamm_ohlcv_5m WHERE (market_id, timestamp) IN {keys_5m:Array(Tuple(UInt64, UInt32))}
    UNION ALL
    SELECT '15m' AS stored, market_id, timestamp, open, high, low, close, volume, trades_count, open_interest.1 AS place
    FROM vamm_ohlcv_15m WHERE (market_id, timestamp) IN {keys_15m:Array(Tuple(UInt64, UInt32))}
    UNION ALL
    SELECT '1h' AS stored, market_id, timestamp, open, high, low, close, volume, trades_count, open_interest.1 AS place
    FROM vamm_ohlcv_1h WHERE (market_id, timestamp) IN {keys_1h:Array(Tuple(UInt64, UInt32))}
    UNION ALL
    SELECT '1d' AS stored, market_id, timestamp, open, high, low, close, volume, trades_count, open_interest.1 AS place
    FROM vamm_ohlcv_1d WHERE (market_id, timestamp) IN {keys_1d:Array(Tuple(UInt64, UInt32))}
)
GROUP BY stored, market_id, timestamp
SETTINGS max_threads = 1
