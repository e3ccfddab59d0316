-- Markets that hold {text} in ticker or symbol, with their last price and the last day with an event, the lately active first.
SELECT ticker, market_symbol, chain_id, protocol, contract_address, is_active, price, last_day
FROM
(
    SELECT *
    FROM vamm_markets
    ORDER BY market_id, updated_block DESC, updated_log_index DESC
    LIMIT 1 BY market_id
) AS markets
LEFT JOIN
(
    SELECT market_id, max(close).2 AS price, toUInt32(max(timestamp)) AS last_day
    FROM vamm_ohlcv_1d
    GROUP BY market_id
) AS candles USING (market_id)
WHERE positionCaseInsensitiveUTF8(concat(ticker, ' ', market_symbol), {text:String}) > 0
ORDER BY last_day DESC, ticker
LIMIT {limit:UInt32}
