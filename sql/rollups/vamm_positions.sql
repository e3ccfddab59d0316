-- What each day's events did to positions. A position's size is opened - closed, or what a netted position's last trade left.
-- Sums are wider than the amounts, so that they cannot overflow. Trades that do not tell the size after them tell no position.
SELECT
    market_id,
    position_id,
    toDateTime(toStartOfDay(timestamp), 'UTC') AS timestamp,
    max(if(is_opening, (ordinal, assumeNotNull(is_long)), (toUInt64(0), toUInt8(0)))) AS opening,
    max(if(action IN ('open', 'increase', 'trade'), (ordinal, entry_price), (toUInt64(0), toDecimal128(0, 18)))) AS entry,
    max(if(action = 'trade', (ordinal, assumeNotNull(is_long), assumeNotNull(position_size)),
        (toUInt64(0), toUInt8(0), toDecimal128(0, 18)))) AS netted,
    sumIf(toDecimal256(size, 18), action IN ('open', 'increase')) AS opened,
    sumIf(toDecimal256(size, 18), action IN ('close', 'liquidate')) AS closed,
    sum(toDecimal256(ifNull(pnl, toDecimal128(0, 18)), 18)) AS realised_pnl,
    sum(toDecimal256(fee, 18)) AS fees,
    sum(toDecimal256(liquidation_volume, 18)) AS liquidated,
    max(if(action IN ('open', 'trade'), user_address, '')) AS owner,
    min((ordinal, seconds, toUInt8(is_opening))) AS first_event,
    max((ordinal, seconds)) AS last_event
FROM
(
    SELECT
        *,
        bitOr(bitShiftLeft(block_number, 20), toUInt64(log_index)) AS ordinal,
        toUInt32(toUnixTimestamp(timestamp)) AS seconds,
        action = 'open' AND isNotNull(is_long) AS is_opening
    FROM vamm_market_transactions
    WHERE {{scope}} AND (action IN ('open', 'increase', 'close', 'liquidate')
        OR (action = 'trade' AND isNotNull(is_long) AND isNotNull(position_size))
        OR (action = 'liquidation_note' AND position_id != 0))
)
GROUP BY market_id, position_id, timestamp
