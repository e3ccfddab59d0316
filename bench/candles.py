"""A store full of candles, and one event a market at their end."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
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

AT_ONCE: Final = 5_000_000
"""Candles of one part, about: a month of a hundred markets, so that nothing is left to be merged."""

SECONDS: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400}
"""Of the resolutions that are filled."""

VIEWS: Final = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'MaterializedView' ORDER BY name"

_FILL = """
INSERT INTO {table:Identifier} (
    market_id, timestamp, open, high, low, close, volume, trades_count, turnover, total_fees, buy_volume, sell_volume,
    long_trades, short_trades, open_interest
)
WITH
    intDiv(number, {buckets:UInt64}) + 1 AS market,
    {since:UInt64} + number % {buckets:UInt64} * {seconds:UInt64} AS time,
    2000 + round(100 * sin(time / 300000.), 2) + rand(1) % 100 / 100 AS price,
    time * 1000 AS ordinal,
    rand(5) % 1000000 / 100. AS volume
SELECT
    market, toDateTime(time, 'UTC'), (ordinal + 1, price), price + rand(2) % 100 / 100, price - rand(3) % 100 / 100,
    (ordinal + 999, price + (toInt64(rand(4) % 200) - 100) / 100), volume, rand(6) % 50, volume * price, volume / 1000,
    volume / 2, volume / 2, rand(7) % 25, rand(8) % 25, (ordinal + 999, rand(9) % 1000000 / 10.)
FROM numbers_mt({rows:UInt64})
SETTINGS max_insert_threads = 2, max_block_size = {at_once:UInt64}, min_insert_block_size_rows = {at_once:UInt64},
    min_insert_block_size_bytes = 0, optimize_on_insert = 0
"""


def ticker(number: int) -> str:
    """Of the market with this number."""
    return f"MARKET{number}"


def fill(database: Database, candles: int, markets: int, until: int, resolutions: Collection[str] = SECONDS) -> None:
    """Fill *database* with about *candles* of *resolutions*, of *markets* up to *until* (seconds), and an event of each market then.

    Each resolution straight into its table, a month at a time, in the order in which it is kept: by way of the views, which merge states
    of traders, it takes ten times as long. What several resolutions say of one time differs, which reading does not.
    """
    migrate(database)
    until -= until % MINUTE
    span = candles / markets / sum(1 / SECONDS[name] for name in resolutions)
    since = max(0, until - int(span))
    views = [str(name) for (name,) in database.rows(VIEWS)]
    for view in views:
        database.run("DETACH TABLE {view:Identifier}", {"view": view})
    for name in resolutions:
        seconds = SECONDS[name]
        for begin_, end in pairwise(_months(since, until)):
            first = -(-begin_ // seconds) * seconds
            buckets = len(range(first, end, seconds))
            if buckets:
                window = {"since": first, "buckets": buckets, "seconds": seconds, "rows": buckets * markets, "at_once": AT_ONCE}
                database.run(_FILL, {"table": f"vamm_ohlcv_{name}", **window})
    for view in views:
        database.run("ATTACH TABLE {view:Identifier}", {"view": view})
    begin(database, [market_of(number) for number in range(1, markets + 1)], block_of(until * 1_000 + 1 >> 20, until))


def _months(since: int, until: int) -> Iterator[int]:
    """*since*, the beginnings of the months after it, and *until*, in seconds: a month is a partition."""
    yield since
    month = datetime.fromtimestamp(since, UTC).replace(day=1, hour=0, minute=0, second=0)
    while (start := int((month := (month + timedelta(days=32)).replace(day=1)).timestamp())) < until:
        yield start
    yield until


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
