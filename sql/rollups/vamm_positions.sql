-- What each day's events did to positions. A position's size is opened - closed, or what a netted position's last trade left.
-- Sums are wider than the amounts, so that they cannot overflow. Trades that do not tell the size after them tell no position,
-- and an opening of nothing opens nothing.
-- Pairs are put together from argMax over single values, a place of 0 where the row tells nothing: max over tuples takes twice as long.
SELECT
    market_id,
    position_id,
    toDateTime(toStartOfDay(timestamp), 'UTC') AS timestamp,
    (max(opening_place), argMax(opening_side, opening_place)) AS opening,
    (max(entry_place), argMax(entry_told, entry_place)) AS entry,
    (max(netted_place), argMax(netted_side, netted_place), argMax(netted_size, netted_place)) AS netted,
    sumIf(toDecimal256(size, 18), grows) AS opened,
    sumIf(toDecimal256(size, 18), shrinks) AS closed,
    sum(toDecimal256(ifNull(pnl, toDecimal128(0, 18)), 18)) AS realised_pnl,
    sum(toDecimal256(fee, 18)) AS fees,
    sum(toDecimal256(liquidation_volume, 18)) AS liquidated,
    (max(owner_place), argMax(owner_told, owner_place)) AS owner,
    (min(ordinal), argMin(seconds, ordinal), argMin(toUInt8(is_opening), ordinal)) AS first_event,
    (max(ordinal), argMax(seconds, ordinal)) AS last_event
FROM
(
    SELECT
        market_id, position_id, timestamp, size, pnl, fee, liquidation_volume, user_address,
        bitOr(bitShiftLeft(block_number, 20), toUInt64(log_index)) AS ordinal,
        toUInt32(toUnixTimestamp(timestamp)) AS seconds,
        action = 'open' AND isNotNull(is_long) AND size > 0 AS is_opening,
        action = 'trade' AS is_trade,
        action = 'increase' OR (action = 'open' AND size > 0) AS grows,
        action IN ('close', 'liquidate') AS shrinks,
        if(is_opening, ordinal, 0) AS opening_place, if(is_opening, assumeNotNull(is_long), 0) AS opening_side,
        if(grows OR is_trade, ordinal, 0) AS entry_place, if(grows OR is_trade, entry_price, toDecimal128(0, 18)) AS entry_told,
        (is_opening OR is_trade) AND user_address != '' AS tells_owner,
        if(tells_owner, ordinal, 0) AS owner_place, if(tells_owner, user_address, '') AS owner_told,
        if(is_trade, ordinal, 0) AS netted_place, if(is_trade, assumeNotNull(is_long), 0) AS netted_side,
        if(is_trade, assumeNotNull(position_size), toDecimal128(0, 18)) AS netted_size
    FROM vamm_market_transactions
    WHERE {{scope}} AND (action IN ('open', 'increase', 'close', 'liquidate')
        OR (action = 'trade' AND isNotNull(is_long) AND isNotNull(position_size))
        OR (action = 'liquidation_note' AND position_id != 0))
)
GROUP BY market_id, position_id, timestamp
