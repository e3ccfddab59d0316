-- Those of {market_ids} whose candles were taken back or made anew at {since}, in seconds by the store's clock, or later; and when last.
SELECT market_id, toUnixTimestamp(max(recorded))
FROM vamm_rewinds
WHERE market_id IN {market_ids:Array(UInt64)} AND recorded >= toDateTime({since:UInt32}, 'UTC')
GROUP BY market_id
