-- Each market's running state at the end of each day. What a row does not tell has the place 0.
SELECT
    market_id,
    toDateTime(toStartOfDay(timestamp), 'UTC') AS timestamp,
    (max(price_place), argMax(price_told, price_place)) AS price,
    (max(ordinal), argMax(total_long_size, ordinal), argMax(total_short_size, ordinal)) AS sizes,
    (max(rate_place), argMax(rate_told, rate_place)) AS funding_rate,
    (max(index_place), argMax(index_told, index_place)) AS index_price,
    (max(update_place), argMax(seconds_told, update_place), argMax(update_told, update_place),
        argMax(tuple(funding_index_told), update_place).1) AS funding,
    (max(curve_place), argMax(quote_told, curve_place), argMax(base_told, curve_place)) AS reserves
FROM
(
    SELECT
        market_id, timestamp, total_long_size, total_short_size,
        bitOr(bitShiftLeft(block_number, 20), toUInt64(log_index)) AS ordinal,
        price_type IN ('mark', 'entry', 'exit', 'liquidation') AS is_point,
        action = 'funding' AND isNotNull(funding_rate) AS is_update, -- the rate stands in other rows, too, as running state
        isNotNull(quote_reserve) AND isNotNull(base_reserve) AS is_curve,
        if(is_point, ordinal, 0) AS price_place, if(is_point, price, toDecimal128(0, 18)) AS price_told,
        if(isNull(funding_rate), 0, ordinal) AS rate_place, ifNull(funding_rate, toDecimal128(0, 18)) AS rate_told,
        if(isNull(index_price), 0, ordinal) AS index_place, ifNull(index_price, toDecimal128(0, 18)) AS index_told,
        if(is_update, ordinal, 0) AS update_place, if(is_update, rate_told, toDecimal128(0, 18)) AS update_told,
        if(is_update, toUInt32(toUnixTimestamp(timestamp)), 0) AS seconds_told,
        if(is_update, funding_index, NULL) AS funding_index_told,
        if(is_curve, ordinal, 0) AS curve_place,
        if(is_curve, assumeNotNull(quote_reserve), toDecimal128(0, 18)) AS quote_told,
        if(is_curve, assumeNotNull(base_reserve), toDecimal128(0, 18)) AS base_told
    FROM vamm_market_transactions
    WHERE {{scope}}
)
GROUP BY market_id, timestamp
