"""Marks against plain Python over the same events: the most important of each bar, the newest bars' where there are too many."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.cursor import Cursor
from app.domain.fixed import ONE
from app.domain.resolution import DAY, resolution
from app.domain.trade import Trade
from app.store import mark_reader, rows
from app.store.candle_reader import Series
from app.store.client import Database
from app.store.mark_reader import MOST_A_BAR, Marked, MarkReader
from tests.depth import examples
from tests.feed.points import RESOLUTIONS, add_market, seconds, start
from tests.store.rows import trade

BEGINNING = seconds("2024-01-31T23:50:00")
LATE = 2**32 - 1
MARKETS = itertools.count(1)
LARGE = 100
NO_PRICE: dict[str, Any] = {"price": 0, "price_type": ""}

events = st.lists(
    st.tuples(
        st.sampled_from((0, 0, 0, 1, 60, 3_000, DAY, 20 * DAY)),
        st.sampled_from(("trade", "liquidate", "funding", "mark")),
        st.sampled_from((1, 99, 100, 101, 5_000)),
    ),
    min_size=1,
    max_size=60,
)
"""Seconds since the one before, what it does, dollars."""


def event(number: int, market_id: int, time: int, action: str, dollars: int) -> Trade:
    volume = 0 if action in ("funding", "mark") else dollars
    changes: dict[str, Any] = {"timestamp": time, "action": "open" if action == "trade" else action}
    if action == "liquidate":
        changes["liquidation_volume"] = dollars * ONE
    if action == "funding":
        changes |= NO_PRICE | {"funding_rate": dollars * ONE // 10**6}
    return trade(number // 3 + 1, number % 3, market_id, 7, volume, **changes)


def stored(database: Database, drawn: list[tuple[int, str, int]]) -> list[Trade]:
    """A new market with such events."""
    market_id = next(MARKETS)
    times = itertools.accumulate((step for step, _, _ in drawn), initial=BEGINNING)
    made = [
        event(number, market_id, time, action, dollars)
        for number, (time, (_, action, dollars)) in enumerate(zip(times, drawn, strict=False))
    ]
    database.insert("vamm_market_transactions", rows.trades(made))
    return made


def importance(event: Trade) -> tuple[int, int, int] | None:
    """Where *event* stands within its bar; None where it is no mark."""
    place = -(event.block_number << 20 | event.log_index)
    if event.liquidation_volume:
        return 0, -event.liquidation_volume, place
    if event.volume >= LARGE * ONE:
        return 1, -event.volume, place
    return (2, 0, place) if event.action == "funding" else None


def expected(made: list[Trade], key: str, since: int, until: int, per_bar: int = MOST_A_BAR) -> list[tuple[int, Cursor]]:
    """Bar and place of each mark, in order."""
    bars: dict[int, list[tuple[tuple[int, int, int], Cursor]]] = {}
    for event in made:
        rank, bar = importance(event), start(event.timestamp, key)
        if rank and start(since, key) <= bar <= start(until, key):
            bars.setdefault(bar, []).append((rank, Cursor(event.block_number, event.log_index)))
    return [(bar, place) for bar in sorted(bars) for _, place in sorted(bars[bar])[:per_bar]]


def told(marks: list[Marked]) -> list[tuple[int, Cursor]]:
    return [(mark.bar, mark.place) for mark in marks]


few = settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(drawn=events, data=st.data())
def test_the_most_important_of_each_bar(database: Database, drawn: list[tuple[int, str, int]], data: st.DataObject) -> None:
    made = stored(database, drawn)
    made = [event for event in made if not _told_twice(event, made)]
    reader = MarkReader(database)
    moments = st.sampled_from([event.timestamp for event in made] + [0, LATE])
    since, until = sorted((data.draw(moments), data.draw(moments)))
    for key in RESOLUTIONS:
        found = reader.marks(Series(made[0].market_id, resolution(key)), since, until, LARGE)
        assert told(found) == expected(made, key, since, until)


def _told_twice(event: Trade, made: list[Trade]) -> bool:
    """Whether it is a trade, and beside it in its block a liquidation of the same amount."""
    beside = [other.liquidation_volume for other in made if other.block_number == event.block_number]
    return not event.liquidation_volume and event.volume in beside and event.volume > 0


@few
@given(drawn=events)
def test_the_last_funding_of_each_bar(database: Database, drawn: list[tuple[int, str, int]]) -> None:
    made = stored(database, drawn)
    for key in RESOLUTIONS:
        last = {start(event.timestamp, key): event for event in made if event.action == "funding"}
        found = MarkReader(database).timescale_marks(Series(made[0].market_id, resolution(key)), 0, LATE)
        assert told(found) == [(bar, Cursor(event.block_number, event.log_index)) for bar, event in last.items()]
        assert [mark.funding_rate for mark in found] == [Decimal(event.funding_rate or 0) / ONE for event in last.values()]


def ask(database: Database, key: str = "1D", since: int = 0, until: int = LATE) -> list[Marked]:
    return MarkReader(database).marks(Series(1, resolution(key)), since, until, LARGE)


def test_a_mark_tells_what_happened(database: Database) -> None:
    note = trade(
        1, 1, 1, 0, 0, timestamp=BEGINNING, action="liquidation_note", liquidation_volume=200 * ONE, is_long=None, side="", **NO_PRICE
    )
    short = trade(1, 0, 1, 7, 200, timestamp=BEGINNING, side="buy", is_long=False, action="trade")
    other = trade(1, 2, 1, 7, 300, timestamp=BEGINNING, side="sell", is_long=True, action="open")
    database.insert("vamm_market_transactions", rows.trades([short, note, other]))
    day = start(BEGINNING, "1D")
    assert ask(database) == [
        Marked(day, "liquidation", Cursor(1, 1), BEGINNING, Decimal(200)),
        Marked(day, "trade", Cursor(1, 2), BEGINNING, Decimal(300), Decimal(7), "sell", True),
    ]


def test_a_market_s_creation_comes_before_funding_and_after_trades(database: Database) -> None:
    add_market(database, 1, "GOLD", created_timestamp=BEGINNING, updated_timestamp=BEGINNING)
    database.insert("vamm_market_transactions", rows.trades([event(1, 1, BEGINNING, "funding", 1), event(2, 1, BEGINNING, "trade", 500)]))
    assert [mark.kind for mark in ask(database)] == ["trade", "created", "funding"]
    assert [mark.kind for mark in ask(database, since=BEGINNING + DAY)] == []
    more = [event(number, 1, BEGINNING, "liquidate", number) for number in range(3, 3 + MOST_A_BAR)]
    database.insert("vamm_market_transactions", rows.trades(more))
    assert [mark.kind for mark in ask(database)] == ["liquidation"] * MOST_A_BAR


def test_changes_of_status_and_not_every_version(database: Database) -> None:
    add_market(database, 1, "GOLD", created_timestamp=BEGINNING, updated_timestamp=BEGINNING, deployment_block=1, updated_block=1)
    for block, active, protocol in ((2, True, "vamm"), (5, False, "vamm"), (5, False, "vamm"), (9, True, "vamm")):
        changes = {"created_timestamp": BEGINNING, "deployment_block": 1, "protocol": protocol}
        add_market(database, 1, "GOLD", updated_block=block, is_active=active, updated_timestamp=BEGINNING + block, **changes)
    found = MarkReader(database).timescale_marks(Series(1, resolution("1S")), 0, LATE)
    assert [(mark.kind, mark.bar) for mark in found] == [("stopped", BEGINNING + 5), ("opened", BEGINNING + 9)]


def test_the_newest_bars_where_there_are_too_many(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [event(number, 1, BEGINNING + number // 4 * DAY, "liquidate", number + 1) for number in range(40)]
    database.insert("vamm_market_transactions", rows.trades(made))
    monkeypatch.setattr(mark_reader, "MOST_MARKS", 10)
    oldest = expected(made[28:32], "1D", 0, LATE)[:2]
    assert told(ask(database)) == oldest + expected(made[32:], "1D", 0, LATE)


def test_old_days_of_a_busy_market_are_not_looked_through(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [event(number, 1, BEGINNING + number // 4 * DAY, "liquidate", 5) for number in range(40)]
    database.insert("vamm_market_transactions", rows.trades(made))
    monkeypatch.setattr(mark_reader, "MOST_TRADES", 8)
    assert len(ask(database)) == 8
    assert len(ask(database, until=BEGINNING + 4 * DAY)) == 8
