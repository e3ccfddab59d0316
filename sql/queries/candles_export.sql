-- Bars that begin in [lower, upper), ascending, of any resolution, with all their figures: for files. At most {limit}.
SELECT
    toDateTime(if({monthly:Bool},
        toUnixTimestamp(toDateTime(toStartOfMonth(timestamp), 'UTC')),
        toUInt32(toUnixTimestamp(timestamp) - (toUnixTimestamp(timestamp) - {offset:UInt32}) % {seconds:UInt32})), 'UTC') AS time,
    argMin(c.open.2, c.open.1) AS open,
    max(c.high) AS high,
    min(c.low) AS low,
    argMax(c.close.2, c.close.1) AS close,
    sum(c.volume) AS volume,
    sum(c.trades_count) AS trades,
    if(volume > 0, sum(c.turnover) / volume, NULL) AS vwap,
    sum(c.total_fees) AS fees,
    uniqCombinedMerge(15)(c.traders) AS unique_traders,
    sum(c.buy_volume) AS buy_volume,
    sum(c.sell_volume) AS sell_volume,
    sum(c.long_trades) AS long_trades,
    sum(c.short_trades) AS short_trades,
    sum(c.liquidation_volume) AS liquidation_volume,
    sum(c.liquidation_count) AS liquidation_count,
    if(max(c.funding_rate.1) > 0, argMax(c.funding_rate.2, c.funding_rate.1), NULL) AS funding_rate,
    argMax(c.open_interest.2, c.open_interest.1) AS open_interest
FROM {table:Identifier} AS c
WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32}
GROUP BY time
HAVING max(c.close.1) > 0
ORDER BY time
LIMIT {limit:UInt64}
