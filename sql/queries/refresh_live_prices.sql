-- The figures of {market_ids} as of the second {now}, one row each; markets that never had a price get none.
-- What each figure means: docs/market-figures.md. `since` is the first of the 1,440 minutes that end with the running one.
INSERT INTO vamm_live_prices
    (market_id, market_symbol, timestamp, mark_price, index_price, funding_rate, volume_1m, volume_5m, volume_1h, open_interest,
     long_short_ratio, price_change_1h, price_change_24h, volatility_24h, bid_ask_spread, market_depth, active_traders_1h, active_traders_24h)
WITH toFloat64(toString(mark)) AS price
SELECT
    market_id,
    symbol,
    toDateTime64({now:UInt32}, 3, 'UTC'),
    mark,
    index,
    rate,
    last_minute,
    last_five,
    last_hour,
    long_size + short_size,
    if(short_size > 0, toFloat64(long_size) / toFloat64(short_size), NULL),
    if(hour_known > 0, price / hour_price - 1, NULL),
    if(day_known > 0, price / day_price - 1, NULL),
    if(length(logs) > 1 AND minutes > 0, sqrt(arraySum(step -> step * step, arrayDifference(logs)) / minutes * 525600), NULL),
    if(quote > {notional:Float64}, 2 * {notional:Float64} / quote, NULL),
    if(quote > 0, quote * (sqrt(1.01) - 1), NULL),
    recent_traders,
    day_traders
FROM
(
    SELECT
        market_id, symbol, mark, index, rate, last_minute, last_five, last_hour, long_size, short_size, quote, recent_traders, day_traders,
        hour_known, hour_price, day_known, day_price,
        if(before_known > 0, arrayPushFront(closes.2, before_price), closes.2) AS path,
        arrayMap(close -> log(close), path) AS logs,
        if(before_known > 0, 1440, ({minute:UInt32} - closes[1].1) / 60) AS minutes
    FROM
    (
        SELECT
            market_id,
            argMax(price.2, price.1) AS mark,
            if(max(index_price.1) > 0, argMax(index_price.2, index_price.1), NULL) AS index,
            if(max(s.funding_rate.1) > 0, argMax(s.funding_rate.2, s.funding_rate.1), NULL) AS rate,
            argMax(sizes.2, sizes.1) AS long_size,
            argMax(sizes.3, sizes.1) AS short_size,
            toFloat64(toString(argMax(reserves.2, reserves.1))) AS quote
        FROM vamm_market_states AS s
        WHERE market_id IN {market_ids:Array(UInt64)}
        GROUP BY market_id
        HAVING max(price.1) > 0
    ) AS states
    LEFT JOIN
    (
        SELECT market_id, market_symbol AS symbol
        FROM vamm_markets
        WHERE market_id IN {market_ids:Array(UInt64)}
        ORDER BY market_id, updated_block DESC, updated_log_index DESC
        LIMIT 1 BY market_id
    ) AS names USING (market_id)
    LEFT JOIN
    (
        SELECT
            market_id,
            sumIf(volume, timestamp > {now:UInt32} - 60) AS last_minute,
            sumIf(volume, timestamp > {now:UInt32} - 300) AS last_five,
            sum(volume) AS last_hour
        FROM vamm_ohlcv_1s
        WHERE market_id IN {market_ids:Array(UInt64)} AND timestamp > {now:UInt32} - 3600 AND timestamp <= {now:UInt32}
        GROUP BY market_id
    ) AS volumes USING (market_id)
    LEFT JOIN
    (
        -- The last price up to a moment: in its minute by seconds, in its hour by minutes, in its day by hours, before that by days.
        SELECT
            market_id,
            maxIf(close.1, of_hour) AS hour_known, argMaxIf(close.2, close.1, of_hour) AS hour_price,
            maxIf(close.1, of_day) AS day_known, argMaxIf(close.2, close.1, of_day) AS day_price,
            maxIf(close.1, of_minutes) AS before_known, argMaxIf(close.2, close.1, of_minutes) AS before_price
        FROM
        (
            SELECT
                market_id, close,
                timestamp >= {hour_minute:UInt32} AND timestamp <= {hour_ago:UInt32} AS of_hour,
                timestamp >= {day_minute:UInt32} AND timestamp <= {day_ago:UInt32} AS of_day,
                false AS of_minutes
            FROM vamm_ohlcv_1s
            WHERE market_id IN {market_ids:Array(UInt64)} AND (of_hour OR of_day)
            UNION ALL
            SELECT
                market_id, close,
                timestamp >= {hour_hour:UInt32} AND timestamp < {hour_minute:UInt32} AS of_hour,
                timestamp >= {day_hour:UInt32} AND timestamp < {day_minute:UInt32} AS of_day,
                timestamp >= {since_hour:UInt32} AND timestamp < {since:UInt32} AS of_minutes
            FROM vamm_ohlcv_1m
            WHERE market_id IN {market_ids:Array(UInt64)} AND (of_hour OR of_day OR of_minutes)
            UNION ALL
            SELECT
                market_id, close,
                timestamp >= {hour_day:UInt32} AND timestamp < {hour_hour:UInt32} AS of_hour,
                timestamp >= {day_day:UInt32} AND timestamp < {day_hour:UInt32} AS of_day,
                timestamp >= {since_day:UInt32} AND timestamp < {since_hour:UInt32} AS of_minutes
            FROM vamm_ohlcv_1h
            WHERE market_id IN {market_ids:Array(UInt64)} AND (of_hour OR of_day OR of_minutes)
            UNION ALL
            SELECT
                market_id, close,
                timestamp < {hour_day:UInt32} AS of_hour,
                timestamp < {day_day:UInt32} AS of_day,
                timestamp < {since_day:UInt32} AS of_minutes
            FROM vamm_ohlcv_1d
            WHERE market_id IN {market_ids:Array(UInt64)} AND (of_hour OR of_day OR of_minutes)
        )
        GROUP BY market_id
    ) AS earlier USING (market_id)
    LEFT JOIN
    (
        SELECT market_id, arraySort(groupArray((toUnixTimestamp(timestamp), last))) AS closes
        FROM
        (
            SELECT market_id, timestamp, argMax(close.2, close.1) AS last
            FROM vamm_ohlcv_1m
            WHERE market_id IN {market_ids:Array(UInt64)} AND timestamp >= {since:UInt32} AND timestamp <= {minute:UInt32} AND close.1 > 0
            GROUP BY market_id, timestamp
        )
        GROUP BY market_id
    ) AS minutely USING (market_id)
    LEFT JOIN
    (
        -- Whoever is counted by the hour and by the minute counts once: minutes only where hours are not whole, and for the last hour.
        SELECT market_id, uniqCombinedMergeIf(15)(traders, recent) AS recent_traders, uniqCombinedMerge(15)(traders) AS day_traders
        FROM
        (
            SELECT market_id, traders, timestamp > {minute:UInt32} - 3600 AS recent
            FROM vamm_ohlcv_1m
            WHERE market_id IN {market_ids:Array(UInt64)} AND timestamp >= {since:UInt32} AND timestamp <= {minute:UInt32}
                AND (timestamp < {whole_hours:UInt32} OR recent)
            UNION ALL
            SELECT market_id, traders, false
            FROM vamm_ohlcv_1h
            WHERE market_id IN {market_ids:Array(UInt64)} AND timestamp >= {whole_hours:UInt32} AND timestamp < {running_hour:UInt32}
        )
        GROUP BY market_id
    ) AS people USING (market_id)
)
SETTINGS max_threads = 1
