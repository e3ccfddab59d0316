-- What {market_ids} are and did: protocol and contract, the last price and the last day with an event.
SELECT market_id, chain_id, protocol, contract_address, price, last_day
FROM
(
    SELECT market_id, chain_id, protocol, contract_address
    FROM vamm_markets
    WHERE market_id IN {market_ids:Array(UInt64)}
    ORDER BY market_id, updated_block DESC, updated_log_index DESC
    LIMIT 1 BY market_id
) AS markets
LEFT JOIN
(
    SELECT market_id, argMax(close.2, close.1) AS price, toUInt32(max(timestamp)) AS last_day
    FROM vamm_ohlcv_1d
    WHERE market_id IN {market_ids:Array(UInt64)}
    GROUP BY market_id
) AS days USING (market_id)
