-- Of some markets the closes of all completed days with a price, oldest first.
-- A day is complete once the market has a price in a later one: that depends on what is stored alone, not on a clock.
SELECT market_id, arrayPopBack(arrayMap(day -> day.2, arraySort(groupArray((timestamp, close)))))
FROM
(
    SELECT market_id, timestamp, argMax(k.close.2, k.close.1) AS close
    FROM vamm_ohlcv_1d AS k
    WHERE market_id IN {market_ids:Array(UInt64)} AND k.close.1 > 0
    GROUP BY market_id, timestamp
)
GROUP BY market_id
