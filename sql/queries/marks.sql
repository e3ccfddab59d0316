-- What is worth a mark, from the bars in [lower, upper): the {per_bar} most important events of each, of the newest bars first, {limit} in all.
-- Liquidations come first, the largest before the others, then trades of {trade_size} or more, then funding updates, the newest first.
SELECT bar, kind, block_number, log_index, time, amount, if(price_type = '', NULL, price) AS shown_price, side, is_long, funding_rate
FROM
(
    SELECT
        if({monthly:Bool},
            toUnixTimestamp(toDateTime(toStartOfMonth(timestamp), 'UTC')),
            toUInt32(time - (time - {offset:UInt32}) % {seconds:UInt32})) AS bar,
        toUInt32(toUnixTimestamp(timestamp)) AS time,
        multiIf(liquidation_volume > 0, 'liquidation', volume >= {trade_size:Decimal(38, 18)}, 'trade', 'funding') AS kind,
        multiIf(kind = 'liquidation', liquidation_volume, kind = 'trade', volume, 0) AS amount,
        block_number, log_index, price, price_type, side, is_long, funding_rate
    FROM vamm_market_transactions
    WHERE market_id = {market_id:UInt64} AND timestamp >= {lower:UInt32} AND timestamp < {upper:UInt32}
        AND (liquidation_volume > 0 OR volume >= {trade_size:Decimal(38, 18)} OR action = 'funding')
)
ORDER BY bar DESC, indexOf(['liquidation', 'trade', 'funding'], kind), amount DESC, block_number DESC, log_index DESC
LIMIT {per_bar:UInt32} BY bar
LIMIT {limit:UInt32}
SETTINGS max_threads = 1
