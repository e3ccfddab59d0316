-- Candles of one second from events. Prices and volumes become floats by way of text: the engine's own
-- conversion rounds twice and turns 2000.5 into 2000.4999999999998.
SELECT
    market_id,
    second AS timestamp,
    min(if(is_point, (ordinal, price_float), (18446744073709551615, 0.))) AS open,
    max(if(is_point, price_float, -inf)) AS high,
    min(if(is_point, price_float, inf)) AS low,
    max(if(is_point, (ordinal, price_float), (0, 0.))) AS close,
    sum(volume_float) AS volume,
    countIf(is_trade) AS trades_count,
    sum(volume_float * price_float) AS turnover,
    sumIf(toFloat64(fee), is_trade) AS total_fees,
    uniqCombinedStateIf(15)(user_address, is_trade) AS traders,
    sumIf(volume_float, side = 'buy') AS buy_volume,
    sumIf(volume_float, side = 'sell') AS sell_volume,
    countIf(is_trade AND is_long = 1) AS long_trades,
    countIf(is_trade AND is_long = 0) AS short_trades,
    sum(liquidation_float) AS liquidation_volume,
    countIf(liquidation_float > 0) AS liquidation_count,
    max(rate) AS funding_rate,
    max((ordinal, toFloat64(interest))) AS open_interest
FROM
(
    SELECT
        market_id,
        toDateTime(timestamp, 'UTC') AS second,
        bitOr(bitShiftLeft(block_number, 20), toUInt64(log_index)) AS ordinal,
        price_type IN ('mark', 'entry', 'exit', 'liquidation') AS is_point,
        volume > 0 AS is_trade,
        if(is_point, toFloat64(toString(price)), 0.) AS price_float,
        if(is_trade, toFloat64(toString(volume)), 0.) AS volume_float,
        toFloat64(liquidation_volume) AS liquidation_float,
        fee, user_address, side, is_long,
        open_interest AS interest,
        if(isNull(funding_rate), (toUInt64(0), 0.), (ordinal, toFloat64(assumeNotNull(funding_rate)))) AS rate
    FROM vamm_market_transactions
    WHERE {{scope}}
)
GROUP BY market_id, second
