-- The last price of each market, or of {market_ids} where any are named, from {day} to {start}: by whole hours up to {edge_hour}, then by minutes.
SELECT market_id, argMax(price, at)
FROM
(
    SELECT market_id, close.1 AS at, close.2 AS price
    FROM {hours:Identifier}
    WHERE timestamp >= {day:UInt32} AND timestamp < {edge_hour:UInt32}
        AND (empty({market_ids:Array(UInt64)}) OR market_id IN {market_ids:Array(UInt64)})
    UNION ALL
    SELECT market_id, close.1 AS at, close.2 AS price
    FROM {minutes:Identifier}
    WHERE timestamp >= {edge_hour:UInt32} AND timestamp < {start:UInt32}
        AND (empty({market_ids:Array(UInt64)}) OR market_id IN {market_ids:Array(UInt64)})
)
GROUP BY market_id
HAVING max(at) > 0
