-- The positions of {keys}, market and id each. Columns as in positions.sql, whose last is nothing here.
SELECT market_id, position_id, holder, side, size, average, pnl, paid, volume, opened_at, updated_at, 0 AS place
FROM
(
    SELECT
        p.market_id AS market_id,
        p.position_id AS position_id,
        argMax(p.owner.2, p.owner.1) AS holder,
        max(p.netted.1) > 0 AS is_netted,
        argMin(p.first_event.3, p.first_event.1) AS is_whole,
        multiIf(is_netted, toNullable(argMax(p.netted.2, p.netted.1)), max(p.opening.1) > 0, argMax(p.opening.2, p.opening.1), NULL) AS side,
        multiIf(is_netted, toNullable(toDecimal256(argMax(p.netted.3, p.netted.1), 18)), is_whole, sum(p.opened) - sum(p.closed), NULL) AS size,
        nullIf(argMax(p.entry.2, p.entry.1), 0) AS average,
        sum(p.realised_pnl) AS pnl,
        sum(p.fees) AS paid,
        sum(p.liquidated) AS volume,
        if(is_netted OR is_whole, toNullable(argMin(p.first_event.2, p.first_event.1)), NULL) AS opened_at,
        argMax(p.last_event.2, p.last_event.1) AS updated_at
    FROM vamm_positions AS p
    WHERE (p.market_id, p.position_id) IN {keys:Array(Tuple(UInt64, UInt256))}
    GROUP BY p.market_id, p.position_id
)
