-- The 24 hours from {start} to the minute {last_minute} of every market with anything in them, or of {market_ids} where any are named:
-- by volume, from behind ({below}, {after}) on. Exact to the minute at both ends: the hours from {whole_hours} to {running_hour}, and
-- minutes of the hour before them and of the one after. `before` is the last price before the window, of {day} at the earliest.
SELECT
    market_id,
    if(maxIf(close.1, inside) > 0 AS priced, argMinIf(open.2, open.1, inside), NULL) AS first,
    if(priced, maxIf(high, inside), NULL) AS highest,
    if(priced, minIf(low, inside), NULL) AS lowest,
    if(priced, argMaxIf(close.2, close.1, inside), NULL) AS newest,
    if(maxIf(close.1, NOT inside) > 0, argMaxIf(close.2, close.1, NOT inside), NULL) AS before,
    sumIf(volume, inside) AS total_volume,
    sumIf(trades_count, inside),
    sumIf(turnover, inside),
    sumIf(buy_volume, inside),
    sumIf(sell_volume, inside),
    sumIf(liquidation_volume, inside),
    sumIf(liquidation_count, inside),
    sumIf(total_fees, inside)
FROM
(
    SELECT
        market_id, timestamp >= {start:UInt32} AS inside, open, high, low, close, volume, trades_count, turnover, buy_volume, sell_volume,
        liquidation_volume, liquidation_count, total_fees
    FROM {hours:Identifier}
    WHERE timestamp >= {day:UInt32} AND timestamp < {running_hour:UInt32}
        AND (timestamp < {edge_hour:UInt32} OR timestamp >= {whole_hours:UInt32})
        AND (empty({market_ids:Array(UInt64)}) OR market_id IN {market_ids:Array(UInt64)})
    UNION ALL
    SELECT
        market_id, timestamp >= {start:UInt32} AS inside, open, high, low, close, volume, trades_count, turnover, buy_volume, sell_volume,
        liquidation_volume, liquidation_count, total_fees
    FROM {minutes:Identifier}
    WHERE (timestamp >= {edge_hour:UInt32} AND timestamp < {whole_hours:UInt32}
            OR timestamp >= {running_hour:UInt32} AND timestamp <= {last_minute:UInt32})
        AND (empty({market_ids:Array(UInt64)}) OR market_id IN {market_ids:Array(UInt64)})
)
GROUP BY market_id
HAVING (max(inside) OR notEmpty({market_ids:Array(UInt64)}))
    AND (total_volume < {below:Float64} OR total_volume = {below:Float64} AND market_id > {after:UInt64}) AND market_id != {after:UInt64}
ORDER BY total_volume DESC, market_id
LIMIT {limit:UInt32}
