-- Candles of one resolution from those of the next finer one.
SELECT
    market_id,
    bucket AS timestamp,
    min(open) AS open,
    max(high) AS high,
    min(low) AS low,
    max(close) AS close,
    sum(volume) AS volume,
    sum(trades_count) AS trades_count,
    sum(turnover) AS turnover,
    sum(total_fees) AS total_fees,
    uniqCombinedMergeState(15)(traders) AS traders,
    sum(buy_volume) AS buy_volume,
    sum(sell_volume) AS sell_volume,
    sum(long_trades) AS long_trades,
    sum(short_trades) AS short_trades,
    sum(liquidation_volume) AS liquidation_volume,
    sum(liquidation_count) AS liquidation_count,
    max(funding_rate) AS funding_rate,
    max(open_interest) AS open_interest
FROM
(
    SELECT * EXCEPT timestamp, toDateTime(intDiv(toUnixTimestamp(timestamp), {{seconds}}) * {{seconds}}, 'UTC') AS bucket
    FROM vamm_ohlcv_{{source}}
)
GROUP BY market_id, bucket
