-- Buckets of some rollups and months that are not what the raw rows say, each rollup named by its seconds.
-- Another road than the views': no cascade, no sentinels, argMin/argMax over exact decimals, exact unique traders.
WITH
    events AS
    (
        SELECT
            market_id, toUnixTimestamp(timestamp) AS at, (block_number, log_index) AS place,
            price, price_type IN ('mark', 'entry', 'exit', 'liquidation') AS is_point, price_type != 'index' AS is_paid,
            toDecimal256(volume, 18) AS exact_volume, volume > 0 AS is_trade, toFloat64(volume) * toFloat64(price) AS turned_over,
            toDecimal256(fee, 18) AS exact_fee, user_address, side, is_long,
            toDecimal256(liquidation_volume, 18) AS exact_liquidated, liquidation_volume > 0 AS is_liquidation, funding_rate, open_interest
        FROM vamm_market_transactions
        WHERE toYYYYMM(timestamp) IN {months:Array(UInt32)}
    ),
    raw AS
    (
        SELECT
            seconds, market_id,
            intDiv(e.at, seconds) * seconds AS bucket,
            countIf(is_point) AS points,
            argMinIf(e.price, place, is_point) AS open, maxIf(e.price, is_point) AS high,
            minIf(e.price, is_point) AS low, argMaxIf(e.price, place, is_point) AS close,
            sum(exact_volume) AS volume,
            countIf(is_trade) AS trades,
            sum(turned_over * is_paid) AS turnover,
            sumIf(exact_fee, is_trade) AS fees,
            uniqExactIf(user_address, is_trade) AS traders,
            sumIf(exact_volume, side = 'buy') AS buys,
            sumIf(exact_volume, side = 'sell') AS sells,
            countIf(is_trade AND is_long = 1) AS longs,
            countIf(is_trade AND is_long = 0) AS shorts,
            sum(exact_liquidated) AS liquidated,
            countIf(is_liquidation) AS liquidations,
            argMaxIf(assumeNotNull(funding_rate), place, funding_rate IS NOT NULL) AS rate,
            argMax(open_interest, place) AS interest
        FROM events AS e
        ARRAY JOIN {resolutions:Array(UInt32)} AS seconds
        WHERE {retention:UInt32} = 0 OR seconds > 1 OR e.at >= toUnixTimestamp(now()) - {retention:UInt32}
        GROUP BY seconds, market_id, bucket
    ),
    candles AS
    (
        SELECT 1 AS seconds, * FROM vamm_ohlcv_1s
        WHERE {retention:UInt32} = 0 OR timestamp >= now() - {retention:UInt32}
        UNION ALL SELECT 60 AS seconds, * FROM vamm_ohlcv_1m
        UNION ALL SELECT 300 AS seconds, * FROM vamm_ohlcv_5m
        UNION ALL SELECT 900 AS seconds, * FROM vamm_ohlcv_15m
        UNION ALL SELECT 3600 AS seconds, * FROM vamm_ohlcv_1h
        UNION ALL SELECT 86400 AS seconds, * FROM vamm_ohlcv_1d
    ),
    rolled AS
    (
        SELECT
            seconds, market_id,
            toUInt64(toUnixTimestamp(c.timestamp)) AS bucket,
            max(c.close).1 > 0 AS points,
            min(c.open).2 AS open, max(c.high) AS high, min(c.low) AS low, max(c.close).2 AS close,
            sum(c.volume) AS volume, sum(c.trades_count) AS trades, sum(c.turnover) AS turnover, sum(c.total_fees) AS fees,
            uniqCombinedMerge(15)(c.traders) AS traders,
            sum(c.buy_volume) AS buys, sum(c.sell_volume) AS sells, sum(c.long_trades) AS longs, sum(c.short_trades) AS shorts,
            sum(c.liquidation_volume) AS liquidated, sum(c.liquidation_count) AS liquidations,
            max(c.funding_rate).2 AS rate, max(c.open_interest).2 AS interest
        FROM candles AS c
        WHERE toYYYYMM(c.timestamp) IN {months:Array(UInt32)} AND seconds IN {resolutions:Array(UInt32)}
        GROUP BY seconds, market_id, c.timestamp
    )
SELECT
    if(x.market_id != 0, x.seconds, r.seconds) AS resolution,
    if(x.market_id != 0, x.market_id, r.market_id) AS market,
    if(x.market_id != 0, x.bucket, r.bucket) AS at,
    toString((r.open, r.high, r.low, r.close, r.volume, r.trades, r.traders)) AS stored,
    toString((x.open, x.high, x.low, x.close, x.volume, x.trades, x.traders)) AS expected
FROM raw AS x
FULL OUTER JOIN rolled AS r ON x.market_id = r.market_id AND x.bucket = r.bucket AND x.seconds = r.seconds
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
ORDER BY toYYYYMM(toDateTime(at, 'UTC')), resolution, market, at
LIMIT {limit:UInt32} BY toYYYYMM(toDateTime(at, 'UTC')), resolution
