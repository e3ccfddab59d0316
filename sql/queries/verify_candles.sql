-- Buckets of one rollup and month that are not what the raw rows say.
-- Another road than the views': no cascade, no sentinels, argMin/argMax over exact decimals, exact unique traders.
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
            sum(toDecimal256(e.volume, 18)) AS volume,
            countIf(e.volume > 0) AS trades,
            sum(toFloat64(e.volume) * toFloat64(e.price) * (e.price_type != 'index')) AS turnover,
            sumIf(toDecimal256(e.fee, 18), e.volume > 0) AS fees,
            uniqExactIf(e.user_address, e.volume > 0) AS traders,
            sumIf(toDecimal256(e.volume, 18), e.side = 'buy') AS buys,
            sumIf(toDecimal256(e.volume, 18), e.side = 'sell') AS sells,
            countIf(e.volume > 0 AND e.is_long = 1) AS longs,
            countIf(e.volume > 0 AND e.is_long = 0) AS shorts,
            sum(toDecimal256(e.liquidation_volume, 18)) AS liquidated,
            countIf(e.liquidation_volume > 0) AS liquidations,
            argMaxIf(assumeNotNull(e.funding_rate), (e.block_number, e.log_index), e.funding_rate IS NOT NULL) AS rate,
            argMax(e.open_interest, (e.block_number, e.log_index)) AS interest
        FROM vamm_market_transactions AS e
        WHERE toYYYYMM(e.timestamp) = {month:UInt32}
            AND ({retention:UInt32} = 0 OR e.timestamp >= now() - {retention:UInt32})
        GROUP BY e.market_id, bucket
    ),
    rolled AS
    (
        SELECT
            market_id,
            toUInt64(toUnixTimestamp(timestamp)) AS bucket,
            max(c.close).1 > 0 AS points,
            min(c.open).2 AS open, max(c.high) AS high, min(c.low) AS low, max(c.close).2 AS close,
            sum(c.volume) AS volume, sum(c.trades_count) AS trades, sum(c.turnover) AS turnover, sum(c.total_fees) AS fees,
            uniqCombinedMerge(15)(c.traders) AS traders,
            sum(c.buy_volume) AS buys, sum(c.sell_volume) AS sells, sum(c.long_trades) AS longs, sum(c.short_trades) AS shorts,
            sum(c.liquidation_volume) AS liquidated, sum(c.liquidation_count) AS liquidations,
            max(c.funding_rate).2 AS rate, max(c.open_interest).2 AS interest
        FROM {table:Identifier} AS c
        WHERE toYYYYMM(timestamp) = {month:UInt32}
            AND ({retention:UInt32} = 0 OR timestamp >= now() - {retention:UInt32})
        GROUP BY market_id, timestamp
    )
SELECT
    if(x.market_id != 0, x.market_id, r.market_id) AS market,
    if(x.market_id != 0, x.bucket, r.bucket) AS at,
    toString((r.open, r.high, r.low, r.close, r.volume, r.trades, r.traders)) AS stored,
    toString((x.open, x.high, x.low, x.close, x.volume, x.trades, x.traders)) AS expected
FROM raw AS x
FULL OUTER JOIN rolled AS r ON x.market_id = r.market_id AND x.bucket = r.bucket
WHERE x.market_id = 0 OR r.market_id = 0
    OR (x.points > 0) != r.points
    OR (x.points > 0 AND (toFloat64(toString(x.open)), toFloat64(toString(x.high)), toFloat64(toString(x.low)), toFloat64(toString(x.close)))
        != (r.open, r.high, r.low, r.close))
    OR (x.trades, x.longs, x.shorts, x.liquidations) != (r.trades, r.longs, r.shorts, r.liquidations)
    OR arrayExists((a, b) -> abs(a - b) > 1e-9 * greatest(abs(a), abs(b), 1e-18),
        [toFloat64(x.volume), x.turnover, toFloat64(x.fees), toFloat64(x.buys), toFloat64(x.sells), toFloat64(x.liquidated),
         toFloat64(x.rate), toFloat64(x.interest)],
        [r.volume, r.turnover, r.fees, r.buys, r.sells, r.liquidated, r.rate, r.interest])
    OR abs(toFloat64(x.traders) - toFloat64(r.traders)) > 0.02 * greatest(x.traders, 1)
ORDER BY market, at
LIMIT {limit:UInt32}
