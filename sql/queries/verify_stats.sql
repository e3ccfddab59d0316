-- Buckets of the days that statistics of 24 hours look at, by the store's clock, in one resolution of them, that are not what the raw rows say.
-- Another road than the views': no cascade, no sentinels, argMin/argMax over exact decimals.
WITH
    raw AS
    (
        SELECT
            e.market_id,
            intDiv(toUnixTimestamp(e.timestamp), {seconds:UInt32}) * {seconds:UInt32} AS bucket,
            countIf(e.price_type IN ('mark', 'entry', 'exit', 'liquidation')) AS points,
            argMinIf(e.price, (e.block_number, e.log_index), e.price_type IN ('mark', 'entry', 'exit', 'liquidation')) AS open,
            maxIf(e.price, e.price_type IN ('mark', 'entry', 'exit', 'liquidation')) AS high,
            minIf(e.price, e.price_type IN ('mark', 'entry', 'exit', 'liquidation')) AS low,
            argMaxIf(e.price, (e.block_number, e.log_index), e.price_type IN ('mark', 'entry', 'exit', 'liquidation')) AS close,
            countIf(e.volume > 0) AS trades,
            countIf(e.liquidation_volume > 0) AS liquidations,
            sum(toDecimal256(e.volume, 18)) AS volume,
            sum(toFloat64(e.volume) * toFloat64(e.price) * (e.price_type != 'index')) AS turnover,
            sumIf(toDecimal256(e.fee, 18), e.volume > 0) AS fees,
            sumIf(toDecimal256(e.volume, 18), e.side = 'buy') AS buys,
            sumIf(toDecimal256(e.volume, 18), e.side = 'sell') AS sells,
            sum(toDecimal256(e.liquidation_volume, 18)) AS liquidated
        FROM vamm_market_transactions AS e
        WHERE e.timestamp >= toStartOfDay(now('UTC') - INTERVAL 26 HOUR)
        GROUP BY e.market_id, bucket
    ),
    kept AS
    (
        SELECT
            market_id, toUInt64(toUnixTimestamp(timestamp)) AS bucket,
            max(s.close).1 > 0 AS points,
            min(s.open).2 AS open, max(s.high) AS high, min(s.low) AS low, max(s.close).2 AS close,
            sum(s.trades_count) AS trades, sum(s.liquidation_count) AS liquidations,
            sum(s.volume) AS volume, sum(s.turnover) AS turnover, sum(s.total_fees) AS fees,
            sum(s.buy_volume) AS buys, sum(s.sell_volume) AS sells, sum(s.liquidation_volume) AS liquidated
        FROM {table:Identifier} AS s
        WHERE timestamp >= toStartOfDay(now('UTC') - INTERVAL 26 HOUR)
        GROUP BY market_id, timestamp
    )
SELECT
    if(x.market_id != 0, x.market_id, r.market_id) AS market,
    if(x.market_id != 0, x.bucket, r.bucket) AS at,
    toString((r.open, r.high, r.low, r.close, r.volume, r.trades)) AS stored,
    toString((x.open, x.high, x.low, x.close, x.volume, x.trades)) AS expected
FROM raw AS x
FULL OUTER JOIN kept AS r ON x.market_id = r.market_id AND x.bucket = r.bucket
WHERE x.market_id = 0 OR r.market_id = 0
    OR (x.points > 0) != r.points
    OR (x.points > 0 AND (toFloat64(toString(x.open)), toFloat64(toString(x.high)), toFloat64(toString(x.low)), toFloat64(toString(x.close)))
        != (r.open, r.high, r.low, r.close))
    OR (x.trades, x.liquidations) != (r.trades, r.liquidations)
    OR arrayExists((a, b) -> abs(a - b) > 1e-9 * greatest(abs(a), abs(b), 1e-18),
        [toFloat64(x.volume), x.turnover, toFloat64(x.fees), toFloat64(x.buys), toFloat64(x.sells), toFloat64(x.liquidated)],
        [r.volume, r.turnover, r.fees, r.buys, r.sells, r.liquidated])
ORDER BY market, at
LIMIT {limit:UInt32}
