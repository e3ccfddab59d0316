-- The last funding update of each bar in [lower, upper), of the newest bars first, {limit} in all.
SELECT
    if({monthly:Bool},
        toUnixTimestamp(toDateTime(toStartOfMonth(timestamp), 'UTC')),
        toUInt32(time - (time - {offset:UInt32}) % {seconds:UInt32})) AS bar,
    'funding' AS kind, block_number, log_index,
    toUInt32(toUnixTimestamp(timestamp)) AS time,
    toDecimal128(0, 18), CAST(NULL, 'Nullable(Decimal(38, 18))'), '', CAST(NULL, 'Nullable(UInt8)'), funding_rate
FROM vamm_market_transactions
WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32} AND action = 'funding'
ORDER BY bar DESC, block_number DESC, log_index DESC
LIMIT 1 BY bar
LIMIT {limit:UInt32}
SETTINGS max_threads = 1
