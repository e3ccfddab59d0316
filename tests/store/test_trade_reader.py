"""Pages of trades: whatever their size, one after the other they are all trades once, in the chain's order."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.cursor import Cursor
from app.domain.fixed import ONE
from app.domain.resolution import DAY
from app.domain.trade import Trade
from app.store import rows
from app.store.client import Database, Parameters
from app.store.trade_reader import MOST_TRADES, MarketTrade, TradePage, TradeReader
from tests.depth import examples
from tests.feed.points import seconds
from tests.store.ledgers import ledger_on
from tests.store.rows import batch, trade

BEGINNING = seconds("2023-12-30T22:00:00")
MARKETS = itertools.count(1)
STEPS = (0, 1, 60, 5_000, DAY, 40 * DAY)
"""Seconds from one event to the next."""

events = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2)), min_size=1, max_size=30)
"""Steps, and dollars of volume: 0 is no trade."""

Place = tuple[int, int]


@dataclass
class Chain:
    """A market's events as plain values: of each trade its place and time."""

    market_id: int
    trades: list[tuple[Place, int]]

    def places(self, since: int, until: int) -> list[Place]:
        """Of trades with times in [since, until), in order."""
        return [place for place, time in self.trades if since <= time < until]


def store(database: Database, made: list[tuple[int, int]]) -> Chain:
    """A new market with such events, two in each block."""
    market_id, time, found, trades = next(MARKETS), BEGINNING, [], []
    for number, (step, volume) in enumerate(made):
        time += step
        block, log = number // 2 + 1, number % 2
        trades.append(trade(block, log, market_id, 5, volume, timestamp=time))
        if volume:
            found.append(((block, log), time))
    database.insert("vamm_market_transactions", rows.trades(trades))
    return Chain(market_id, found)


def places(trades: list[MarketTrade]) -> list[Place]:
    return [(found.block_number, found.log_index) for found in trades]


def chained(ask: Callable[[Cursor | None], TradePage], size: int) -> list[Place]:
    """The places of all pages from the first on, none of them larger than *size*."""
    found: list[Place] = []
    cursor = None
    while True:
        page = ask(cursor)
        assert len(page.trades) <= size
        found += places(page.trades)
        if page.next is None:
            return found
        assert page.trades
        cursor = page.next


few = settings(max_examples=examples(12), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(made=events, size=st.integers(1, 8), data=st.data())
def test_pages_are_all_trades_once(database: Database, made: list[tuple[int, int]], size: int, data: st.DataObject) -> None:
    chain = store(database, made)
    reader = TradeReader(database)
    times = [BEGINNING - 1, *(time for _, time in chain.trades), BEGINNING + 2_000 * DAY]
    since, until = data.draw(st.sampled_from(times)), data.draw(st.sampled_from(times)) + data.draw(st.integers(0, 1))
    for lower, upper in ((None, None), (since, None), (None, until), (since, until)):
        every = chain.places(lower or 0, upper or 2**32)
        window = {"since": lower, "until": upper, "limit": size}
        assert chained(lambda place, window=window: reader.trades(chain.market_id, before=place, **window), size) == every[::-1]  # type: ignore[misc]
        assert chained(lambda place, window=window: reader.after(chain.market_id, place, **window), size) == every  # type: ignore[misc]


@few
@given(made=events, size=st.integers(1, 8), place=st.tuples(st.integers(0, 20), st.integers(0, 3)))
def test_from_any_place(database: Database, made: list[tuple[int, int]], size: int, place: Place) -> None:
    chain = store(database, made)
    every = chain.places(0, 2**32)
    reader = TradeReader(database)
    before = reader.trades(chain.market_id, before=Cursor(*place), limit=size).trades
    assert places(before) == [found for found in every if found < place][::-1][:size]
    after = reader.after(chain.market_id, Cursor(*place), limit=size).trades
    assert places(after) == [found for found in every if found > place][:size]


def only(database: Database, *events: Trade) -> list[MarketTrade]:
    """The trades of market 1 that *events* are, newest first."""
    database.insert("vamm_market_transactions", rows.trades(events))
    return TradeReader(database).trades(1, limit=10).trades


def test_a_trade_is_told_exactly(database: Database) -> None:
    long = trade(
        9, 3, 1, 0, 0, price=1, volume=123_456_789_012_345_678_901, size=7, fee=3, position_id=2**256 - 1, user_address="0xabc",
        side="sell", is_long=False, action="close", timestamp=BEGINNING,
    )  # fmt: skip
    (found,) = only(database, long)
    assert (found.price, found.volume) == (Decimal("1e-18"), Decimal("123.456789012345678901"))
    assert (found.size, found.fee, found.position_id) == (Decimal("7e-18"), Decimal("3e-18"), 2**256 - 1)
    assert (found.time, found.side, found.is_long, found.action) == (BEGINNING, "sell", False, "close")
    assert (found.user, found.transaction_hash, found.is_liquidation) == ("0xabc", long.transaction_hash, False)
    assert found.cursor == Cursor(9, 3)


def test_what_is_unknown_is_none(database: Database) -> None:
    (found,) = only(database, trade(1, 0, 1, 0, 5, price_type="", side="", is_long=None))
    assert (found.price, found.side, found.is_long) == (None, None, None)


def test_liquidations_by_their_own_event_and_by_one_beside_them(database: Database) -> None:
    trader, other = "0xaa", "0xbb"
    note = {"price": 0, "price_type": "", "volume": 0, "liquidation_volume": ONE, "action": "liquidation_note", "user_address": trader}
    found = only(
        database,
        trade(1, 0, 1, 5, 1, action="liquidate", price_type="liquidation", liquidation_volume=ONE),
        trade(2, 0, 1, 5, 1, action="trade", user_address=trader),
        trade(2, 1, 1, 5, 1, action="trade", user_address=other),
        trade(2, 2, 1, 0, 0, **note),
        trade(3, 0, 1, 5, 1, action="trade", user_address=trader),
        trade(4, 0, 1, 0, 0, **note),
        trade(4, 1, 1, 5, 1, action="trade", user_address=trader),
    )
    assert [event.is_liquidation for event in found] == [True, False, False, True, True]


def test_the_next_page_is_the_same_whatever_comes_or_goes_above_it(database: Database) -> None:
    ledger = ledger_on(database)
    ledger.commit(batch(100, 119))
    ledger.commit(batch(120, 139))
    reader = TradeReader(database)
    first = reader.trades(1, limit=5)
    second = reader.trades(1, before=first.next, limit=200)
    kept = [found for found in second.trades if found.block_number < 120]
    ledger.commit(batch(140, 159))
    assert reader.trades(1, before=first.next, limit=200) == second
    ledger.rewind(120)
    assert reader.trades(1, before=first.next, limit=200).trades == kept
    ledger.commit(batch(120, 160, seed=1))
    page = reader.trades(1, before=first.next, limit=200).trades
    assert [found for found in page if found.block_number < 120] == kept
    assert page[0].cursor < (first.next or Cursor(0, 0))


def test_a_page_is_bounded(database: Database) -> None:
    database.insert("vamm_market_transactions", rows.trades([trade(1, log, 1, 5, 1) for log in range(MOST_TRADES + 5)]))
    page = TradeReader(database).trades(1, limit=10**6)
    assert len(page.trades) == MOST_TRADES
    assert page.next == Cursor(1, 5)


class Watched(Database):
    """Passes questions on to *inner* and counts the rows that the engine reads for them."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.rows_read = 0

    def rows(self, sql: str, parameters: Parameters | None = None) -> Sequence[tuple[Any, ...]]:
        self.rows_read += orjson.loads(self._inner.raw(sql, "JSON", parameters))["statistics"]["rows_read"]
        return self._inner.rows(sql, parameters)


def test_the_ends_of_a_long_market_are_read_without_the_rest(database: Database) -> None:
    """200,000 events of a year, in a dozen parts: the same few granules are read for each page, wherever it lies."""
    database.run(
        "INSERT INTO vamm_market_transactions (market_id, timestamp, block_number, log_index, volume, price_type) "
        "SELECT 1, toDateTime({since:UInt32}, 'UTC') + number * 150, number, 0, 1, 'entry' FROM numbers(200000)",
        {"since": BEGINNING},
    )
    asks: tuple[Callable[[TradeReader], TradePage], ...] = (
        lambda reader: reader.trades(1, limit=100),
        lambda reader: reader.trades(1, before=Cursor(100_000, 0), limit=100),
        lambda reader: reader.trades(1, until=BEGINNING + 90 * DAY, limit=100),
        lambda reader: reader.after(1, limit=100),
        lambda reader: reader.after(1, Cursor(100_000, 0), limit=100),
        lambda reader: reader.after(1, since=BEGINNING + 90 * DAY, limit=100),
    )
    for ask in asks:
        watched = Watched(database)
        assert len(ask(TradeReader(watched)).trades) == 100
        assert watched.rows_read <= 4 * 8_192


@pytest.mark.parametrize("limit", [1, 3])
def test_a_follower_goes_on_from_its_last_trade(database: Database, limit: int) -> None:
    ledger = ledger_on(database)
    reader = TradeReader(database)
    told: list[Place] = []
    cursor = None
    for first in (100, 120, 140):
        ledger.commit(batch(first, first + 19))
        while page := reader.after(1, cursor, limit=limit).trades:
            told += places(page)
            cursor = page[-1].cursor
    assert told == [place for place in sorted(told) if place in set(told)]
    assert told == places(reader.trades(1, limit=MOST_TRADES).trades)[::-1]
