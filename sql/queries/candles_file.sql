-- Bars as a file has them, ascending: candles_extended.sql, with the columns' names, and times as the format has them.
-- Groups and rows go to disk from 100 MB on, and are written in small groups: a million bars take 0.4 GB of the engine's
-- memory so, else 1 GB.
SELECT
    {{time}} AS time,
    o AS open, h AS high, l AS low, c AS close, v AS volume,
    trades, vwap, fees, unique_traders, buy_volume, sell_volume, long_trades, short_trades, liquidation_volume, liquidation_count,
    funding_rate, open_interest
FROM
(
    {{bars}}
)
ORDER BY t
SETTINGS
    max_threads = 1,
    max_block_size = 8192,
    optimize_aggregation_in_order = 1,
    aggregation_in_order_max_block_bytes = 1000000,
    max_bytes_before_external_group_by = 100000000,
    max_bytes_before_external_sort = 100000000,
    format_csv_null_representation = '',
    output_format_parquet_row_group_size = 65536
