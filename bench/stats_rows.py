"""What the statistics' benchmark fills a store with, and the query over raw rows that it is compared with."""

_ID = "cityHash64(number % {markets:UInt64})"
_COLUMNS = """
market_id, timestamp, open, high, low, close, volume, trades_count, turnover, total_fees, buy_volume, sell_volume,
liquidation_volume, liquidation_count
"""
_CANDLE = f"""
SELECT
    {_ID}, toDateTime({{since:UInt32}} + intDiv(number, {{markets:UInt64}}) * {{seconds}}, 'UTC') AS start,
    (toUInt64(toUnixTimestamp(start)) * 1000, 100 + rand(1) % 1000 / 10.), 200 + rand(2) % 100, 50 + rand(3) % 10,
    (toUInt64(toUnixTimestamp(start)) * 1000 + 500, 100 + rand(4) % 1000 / 10.),
    rand(5) % 100000 / 100. AS volume, rand(6) % 50, volume * 130, volume / 1000, volume / 2, volume / 2, rand(7) % 20 = 0, rand(7) % 20 = 0
FROM numbers({{rows:UInt64}})
"""

HOURS = f"INSERT INTO vamm_ohlcv_1h ({_COLUMNS}) " + _CANDLE.replace("{seconds}", "3600")
MINUTES = f"INSERT INTO vamm_ohlcv_1m ({_COLUMNS}) " + _CANDLE.replace("{seconds}", "60") + "WHERE rand(8) % 5 = 0"
"""A fifth of the minutes has anything in it."""

EVENTS = f"""
INSERT INTO vamm_market_transactions
    (market_id, timestamp, block_number, log_index, price, price_type, volume, size, fee, side, liquidation_volume)
SELECT
    {_ID}, fromUnixTimestamp64Milli(toInt64({{since:UInt32}} + intDiv(number * 86400, {{rows:UInt64}})) * 1000), number, 0,
    toDecimal128(100 + rand(1) % 1000 / 10., 18), 'entry', toDecimal128(rand(2) % 1000, 18) AS traded, traded, traded / 1000,
    if(rand(3) % 2 = 0, 'buy', 'sell'), 0
FROM numbers({{rows:UInt64}})
"""

RAW = """
SELECT
    market_id, argMin(price, (block_number, log_index)), max(price), min(price), argMax(price, (block_number, log_index)),
    sum(toFloat64(volume)) AS total, countIf(volume > 0), sum(toFloat64(volume) * toFloat64(price)), sumIf(toFloat64(volume), side = 'buy'),
    sumIf(toFloat64(volume), side = 'sell'), sum(toFloat64(liquidation_volume)), countIf(liquidation_volume > 0), sum(toFloat64(fee))
FROM vamm_market_transactions
WHERE timestamp >= toDateTime({start:UInt32}, 'UTC')
GROUP BY market_id
ORDER BY total DESC, market_id
LIMIT {limit:UInt32}
"""
