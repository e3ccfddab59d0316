-- Each market's running state at the end of each day.
SELECT
    market_id,
    toDateTime(toStartOfDay(timestamp), 'UTC') AS timestamp,
    max(if(price_type IN ('mark', 'entry', 'exit', 'liquidation'), (ordinal, price), (toUInt64(0), toDecimal128(0, 18)))) AS price,
    max((ordinal, total_long_size, total_short_size)) AS sizes,
    max(if(isNull(funding_rate), (toUInt64(0), toDecimal128(0, 18)), (ordinal, assumeNotNull(funding_rate)))) AS funding_rate,
    max(if(isNull(index_price), (toUInt64(0), toDecimal128(0, 18)), (ordinal, assumeNotNull(index_price)))) AS index_price,
    max(update) AS funding,
    max(if(isNull(quote_reserve) OR isNull(base_reserve),
        (toUInt64(0), toDecimal128(0, 18), toDecimal128(0, 18)),
        (ordinal, assumeNotNull(quote_reserve), assumeNotNull(base_reserve)))) AS reserves
FROM
(
    SELECT
        *,
        bitOr(bitShiftLeft(block_number, 20), toUInt64(log_index)) AS ordinal,
        -- funding_rate is running state and stands in every row: the update is the row that says so
        if(action = 'funding' AND isNotNull(funding_rate),
            (ordinal, toUInt32(toUnixTimestamp(timestamp)), assumeNotNull(funding_rate), funding_index),
            (toUInt64(0), toUInt32(0), toDecimal128(0, 18), CAST(NULL AS Nullable(Decimal(38, 18))))) AS update
    FROM vamm_market_transactions
    WHERE {{scope}}
)
GROUP BY market_id, timestamp
