-- The 24 hours from {start} to the minute {last_minute} of every market with anything in them, or of {market_ids} where any are named:
-- by volume, from behind ({below}, {after}) on. Exact to the minute at both ends: the hours from {whole_hours} to {running_hour}, and
-- minutes of the hour before them and of the one after. A price that there is none of has an ordinal of 0.
SELECT
    market_id,
    argMin(first_price, first_at) AS first,
    max(high) AS highest,
    min(low) AS lowest,
    argMax(last_price, last_at) AS newest,
    max(last_at) AS priced,
    sum(volume) AS total_volume,
    sum(trades_count),
    sum(turnover),
    sum(buy_volume),
    sum(sell_volume),
    sum(liquidation_volume),
    sum(liquidation_count),
    sum(total_fees)
FROM
(
    SELECT
        market_id, open.1 AS first_at, open.2 AS first_price, high, low, close.1 AS last_at, close.2 AS last_price, volume, trades_count, turnover,
        buy_volume, sell_volume, liquidation_volume, liquidation_count, total_fees
    FROM {hours:Identifier}
    WHERE timestamp >= {whole_hours:UInt32} AND timestamp < {running_hour:UInt32}
        AND (empty({market_ids:Array(UInt64)}) OR market_id IN {market_ids:Array(UInt64)})
    UNION ALL
    SELECT
        market_id, open.1 AS first_at, open.2 AS first_price, high, low, close.1 AS last_at, close.2 AS last_price, volume, trades_count, turnover,
        buy_volume, sell_volume, liquidation_volume, liquidation_count, total_fees
    FROM {minutes:Identifier}
    WHERE (timestamp >= {start:UInt32} AND timestamp < {whole_hours:UInt32}
            OR timestamp >= {running_hour:UInt32} AND timestamp <= {last_minute:UInt32})
        AND (empty({market_ids:Array(UInt64)}) OR market_id IN {market_ids:Array(UInt64)})
)
GROUP BY market_id
HAVING (total_volume < {below:Float64} OR total_volume = {below:Float64} AND market_id > {after:UInt64}) AND market_id != {after:UInt64}
ORDER BY total_volume DESC, market_id
LIMIT {limit:UInt32}
