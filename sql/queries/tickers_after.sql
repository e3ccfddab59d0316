-- Tickers and their markets from behind ({ticker}, {market_id}) on, in that order, of markets that may hold what {pattern} is LIKE, and may be in
-- {category} (in capitals), where these are not empty. With {traded} 1 only those of which the 24 hours have anything, and a volume from {least}
-- up to {below}; with 0 all but these. As often as a market has versions, which keeps reading in order; what only an older one had is to be checked.
SELECT ticker, market_id
FROM vamm_tickers
WHERE ticker >= {ticker:String} AND (ticker > {ticker:String} OR market_id > {market_id:UInt64})
    AND (market_id IN
    (
        SELECT market_id
        FROM
        (
            SELECT market_id, volume
            FROM vamm_stats_1h
            WHERE timestamp >= {whole_hours:UInt32} AND timestamp < {running_hour:UInt32}
            UNION ALL
            SELECT market_id, volume
            FROM vamm_stats_1m
            WHERE timestamp >= {start:UInt32} AND timestamp < {whole_hours:UInt32}
                OR timestamp >= {running_hour:UInt32} AND timestamp <= {last_minute:UInt32}
        )
        GROUP BY market_id
        HAVING sum(volume) >= {least:Float64} AND sum(volume) < {below:Float64}
    )) = {traded:UInt8}
    AND (empty({pattern:String}) OR text LIKE {pattern:String}
        OR market_id IN (SELECT market_id FROM vamm_catalogue WHERE text LIKE {pattern:String}))
    AND (empty({category:String}) OR market_id IN (SELECT market_id FROM vamm_catalogue WHERE upperUTF8(category) = {category:String}))
ORDER BY ticker, market_id
LIMIT {limit:UInt32}
SETTINGS max_threads = 1
