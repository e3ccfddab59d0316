-- Bars of any resolution that begin in [lower, upper), of those the newest {limit}, with all that is kept of each. Both bounds are bars' beginnings.
-- Turnover counts volume only where its event has a price. So vwap is NULL where it would lie below the low: then some of the volume has none.
-- What rounding adds is cut off at the high and the low.
SELECT
    t, o, h, l, c, v,
    trades,
    if(v > 0 AND turnover / v >= l * (1 - 1e-9), greatest(l, least(h, turnover / v)), NULL) AS vwap,
    fees, unique_traders, buy_volume, sell_volume, long_trades, short_trades, liquidation_volume, liquidation_count,
    if(funding.1 > 0, funding.2, NULL) AS funding_rate,
    open_interest
FROM
(
    SELECT
        if({monthly:Bool},
            toUnixTimestamp(toDateTime(toStartOfMonth(timestamp), 'UTC')),
            toUInt32(toUnixTimestamp(timestamp) - (toUnixTimestamp(timestamp) - {offset:UInt32}) % {seconds:UInt32})) AS t,
        argMin(k.open.2, k.open.1) AS o,
        max(k.high) AS h,
        min(k.low) AS l,
        argMax(k.close.2, k.close.1) AS c,
        sum(k.volume) AS v,
        toUInt32(sum(k.trades_count)) AS trades,
        sum(k.turnover) AS turnover,
        sum(k.total_fees) AS fees,
        toUInt32(uniqCombinedMerge(15)(k.traders)) AS unique_traders,
        sum(k.buy_volume) AS buy_volume,
        sum(k.sell_volume) AS sell_volume,
        toUInt32(sum(k.long_trades)) AS long_trades,
        toUInt32(sum(k.short_trades)) AS short_trades,
        sum(k.liquidation_volume) AS liquidation_volume,
        toUInt32(sum(k.liquidation_count)) AS liquidation_count,
        max(k.funding_rate) AS funding,
        argMax(k.open_interest.2, k.open_interest.1) AS open_interest
    FROM {table:Identifier} AS k
    WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32}
    GROUP BY t
    HAVING max(k.close.1) > 0
    ORDER BY t DESC
    LIMIT {limit:UInt32}
)
ORDER BY t
SETTINGS max_threads = 1
