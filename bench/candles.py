"""A store full of one-minute candles, which the views roll up, and one event a market at their end."""

from typing import Final

from app.domain.block import Block
from app.domain.ledger import Batch
from app.domain.market import Market
from app.domain.trade import Trade
from app.store.client import Database
from app.store.lease import Lease
from app.store.schema import migrate
from app.store.writer import ClickHouseLedger

CHAIN: Final = 137
UNIT: Final = 10**18
MINUTE: Final = 60

ROLLED_UP: Final = 1 + 1 / 5 + 1 / 15 + 1 / 60 + 1 / 1440
"""Candles that one of a minute becomes."""

AT_ONCE: Final = 2_000_000
"""Candles of one insert."""

_FILL = """
INSERT INTO vamm_ohlcv_1m (
    market_id, timestamp, open, high, low, close, volume, trades_count, turnover, total_fees, buy_volume, sell_volume,
    long_trades, short_trades, open_interest
)
SELECT
    {market_id:UInt64}, toDateTime({since:UInt32} + number * 60, 'UTC') AS start, (number * 1000 + 1, price), price + rand(2) % 100 / 100,
    price - rand(3) % 100 / 100, (number * 1000 + 999, price + (toInt64(rand(4) % 200) - 100) / 100), rand(5) % 1000000 / 100. AS volume,
    rand(6) % 50, volume * price, volume / 1000, volume / 2, volume / 2, rand(7) % 25, rand(8) % 25,
    (number * 1000 + 999, rand(9) % 1000000 / 10.)
FROM
(
    SELECT number, 2000 + round(100 * sin(number / 5000.), 2) + rand(1) % 100 / 100 AS price
    FROM numbers({first:UInt64}, {count:UInt64})
)
"""


def ticker(number: int) -> str:
    """Of the market with this number."""
    return f"MARKET{number}"


def fill(database: Database, candles: int, markets: int, until: int) -> int:
    """Fill *database* with about *candles* of all resolutions, of *markets* up to *until* (seconds). Returns how many minutes each has."""
    migrate(database)
    minutes = max(1, int(candles / ROLLED_UP / markets))
    since = until - until % MINUTE - minutes * MINUTE
    for number in range(1, markets + 1):
        for first in range(0, minutes, AT_ONCE):
            window = {"first": first, "count": min(AT_ONCE, minutes - first)}
            database.run(_FILL, {"market_id": number, "since": since, **window})
    for table in ("1m", "5m", "15m", "1h", "1d"):  # as they are after months, not minutes, of the engine's merging
        database.run("OPTIMIZE TABLE {table:Identifier} FINAL", {"table": f"vamm_ohlcv_{table}"})
    begin(database, [market_of(number) for number in range(1, markets + 1)], block_of(minutes * 1_000 >> 20, until))
    return minutes


def begin(database: Database, markets: list[Market], block: Block) -> None:
    """Commit *block* to a store without any, with *markets* and an event of each."""
    ledger = ClickHouseLedger(database, CHAIN, Lease(database, CHAIN, ttl=60))
    ledger.recover()
    ledger.commit(Batch([block], [trade_of(market, block) for market in markets], markets, [], block.number))
    ledger.release()


def block_of(number: int, time: int) -> Block:
    """Of any chain, made at *time* (seconds)."""
    return Block(number, f"0x{number + 1:064x}", f"0x{number:064x}", time)


def market_of(number: int) -> Market:
    """With its ticker."""
    return Market(number, ticker(number), ticker(number), f"0x{number:040x}", CHAIN, starting_price=2_000 * UNIT)


def trade_of(market: Market, block: Block) -> Trade:
    """Somebody opens a position."""
    return Trade(
        market_id=market.market_id, market_symbol=market.symbol, contract_address=market.contract_address, timestamp=block.timestamp,
        block_number=block.number, transaction_hash="0x" + "22" * 32, log_index=market.market_id, event_type="PositionOpened",
        price=2_000 * UNIT, price_type="entry", volume=UNIT, size=UNIT, fee=0, liquidation_volume=0, side="buy",
        user_address="0x" + "33" * 20, position_id=1, is_long=True, leverage=1, pnl=None, total_long_size=UNIT, total_short_size=0,
        open_interest=UNIT, funding_rate=None, chain_id=CHAIN, action="open",
    )  # fmt: skip
