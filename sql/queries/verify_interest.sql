-- Markets whose running long and short size are not what their positions come to: each event counts with the side of its position's
-- last opening before it; those of positions opened before the first block read never count. A netted position's trade counts with what
-- it changed of either side, the first one seen with all that is there after it. Markets with trades that do not tell the size after them are left out.
WITH
    moves AS
    (
        SELECT
            e.market_id AS market, e.position_id AS position, toUnixTimestamp(e.timestamp) AS at,
            (e.block_number, e.log_index) AS place, e.action AS action,
            if(e.action = 'open', e.is_long, NULL) AS opens,
            toDecimal256(e.size, 18) * if(e.action IN ('open', 'increase'), 1, -1) AS change,
            toDecimal256(coalesce(e.position_size, 0), 18) * if(e.is_long, 1, -1) AS after,
            toDecimal256(e.size, 18) * if(e.side = 'sell', -1, 1) AS traded,
            e.action = 'trade' AND e.is_long IS NOT NULL AND e.position_size IS NULL AS untold
        FROM vamm_market_transactions AS e
        WHERE e.action IN ('open', 'increase', 'close', 'liquidate')
            OR (e.action = 'trade' AND e.is_long IS NOT NULL)
    ),
    sided AS
    (
        SELECT
            *,
            action = 'trade' AND row_number() OVER (PARTITION BY market, position, action ORDER BY place) = 1 AS is_first,
            if(is_first, toDecimal256(0, 18), after - traded) AS counted,
            anyLast(opens) OVER (PARTITION BY market, position ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS is_long
        FROM moves
    ),
    positions AS
    (
        SELECT
            market,
            max(untold) AS untold,
            sum(if(action = 'trade', greatest(after, 0) - greatest(counted, 0), if(ifNull(is_long, 0) = 1, change, 0))) AS long,
            sum(if(action = 'trade', greatest(-after, 0) - greatest(-counted, 0), if(ifNull(is_long, 1) = 0, change, 0))) AS short
        FROM sided
        GROUP BY market
    ),
    totals AS
    (
        SELECT
            e.market_id AS market,
            toUnixTimestamp(max(e.timestamp)) AS at,
            argMax((e.total_long_size, e.total_short_size, e.open_interest), (e.block_number, e.log_index)) AS said
        FROM vamm_market_transactions AS e
        GROUP BY market
    )
SELECT
    t.market AS market,
    t.at AS at,
    concat('long, short, interest ', toString(t.said)) AS stored,
    concat('long, short, interest ', toString((p.long, p.short, p.long + p.short))) AS expected
FROM totals AS t
LEFT JOIN positions AS p ON p.market = t.market
WHERE NOT p.untold AND stored != expected
ORDER BY market
LIMIT {limit:UInt32}
SETTINGS max_bytes_before_external_sort = 500000000, max_bytes_before_external_group_by = 500000000
