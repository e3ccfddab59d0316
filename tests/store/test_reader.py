"""Reads and rewinds at the same time, and the bounds of waiting."""

import itertools
import threading
from collections.abc import Callable, Collection

import anyio
import orjson
import pytest

from app.domain.resolution import resolution
from app.store.candle_reader import Candles, Series
from app.store.client import Database
from app.store.entry import REWIND, Entry
from app.store.gate import RewindGate
from app.store.journal import Journal
from app.store.reader import WAITING_PER_PLACE, MarketBusy, Reader, TooManyQueries
from tests.feed.points import Point, add_points, seconds
from tests.store.rows import CHAIN

NOON = seconds("2024-03-01T12:00:00")
SERIES = Series(1, resolution("1"))
REWINDING = Entry(0, 9, NOON, frozenset({1}))

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Script:
    """A gate that answers what it was told, running an action at each look."""

    def __init__(self, *epochs: int | None, looked: Callable[[int], None] = lambda _: None) -> None:
        self._epochs = itertools.chain(epochs, itertools.repeat(epochs[-1]))
        self._looks = itertools.count(1)
        self._looked = looked

    def epoch(self, market_id: int) -> int | None:
        self._looked(next(self._looks))
        return next(self._epochs)

    def look(self, market_ids: Collection[int]) -> tuple[int, frozenset[int]]:
        epoch = self.epoch(min(market_ids))
        return epoch or 0, frozenset(market_ids if epoch is None else ())


async def closes(reader: Reader) -> list[float]:
    return columns(await reader.steady(SERIES.market_id, lambda store: store.candles.bars(SERIES, 0, NOON + 3_600, 100)))["c"]


def columns(candles: Candles) -> dict[str, list[float]]:
    read: dict[str, list[float]] = orjson.loads(candles.columns)
    return read


async def test_a_read_that_a_rewind_overlapped_is_read_again(database: Database) -> None:
    add_points(database, 1, [Point(NOON, 100, 1)])

    def rewound(look: int) -> None:
        if look == 2:  # the first read is done, and what it saw is no longer true
            add_points(database, 1, [Point(NOON + 60, 200, 1)])

    reader = Reader(database, Script(1, 2, looked=rewound), concurrency=2)
    assert await closes(reader) == [1.0, 2.0]


async def test_an_epoch_seen_before_spares_the_first_look(database: Database) -> None:
    looks: list[int] = []
    reader = Reader(database, Script(1, looked=looks.append), concurrency=2)
    await closes(reader)
    await closes(reader)
    assert looks == [1, 2, 3]


async def test_waits_while_the_market_is_rewound(database: Database) -> None:
    add_points(database, 1, [Point(NOON, 100, 1)])
    journal = Journal(database, CHAIN)
    reader = Reader(database, RewindGate(database), concurrency=2, patience=60)
    assert await closes(reader) == [1.0]
    journal.open(REWIND, REWINDING)
    answers: list[list[float]] = []

    async def ask() -> None:
        answers.append(await closes(reader))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await anyio.sleep(0.2)
        assert answers == []
        add_points(database, 1, [Point(NOON + 60, 200, 1)])
        journal.close(REWIND, REWINDING)
    assert answers == [[1.0, 2.0]]


async def test_other_markets_are_read_meanwhile_and_patience_ends(database: Database) -> None:
    Journal(database, CHAIN).open(REWIND, REWINDING)
    reader = Reader(database, RewindGate(database), concurrency=2, patience=0.1)
    with pytest.raises(MarketBusy):
        await closes(reader)
    with pytest.raises(MarketBusy):
        await reader.steady(1, lambda store: store.prices.reference(1))
    other = Series(2, resolution("1"))
    assert (await reader.steady(2, lambda store: store.candles.bars(other, 0, NOON, 1))).bars == 0


async def test_a_gate_that_never_rests_is_not_asked_for_ever(database: Database) -> None:
    reader = Reader(database, Script(*range(1_000)), concurrency=2, patience=0.1)
    with pytest.raises(MarketBusy):
        await closes(reader)


async def test_the_queue_is_bounded(database: Database) -> None:
    release = threading.Event()

    def held(_: int) -> None:
        release.wait(60)

    reader = Reader(database, Script(1, looked=held), concurrency=1)
    async with anyio.create_task_group() as group:
        for _ in range(1 + WAITING_PER_PLACE):
            group.start_soon(closes, reader)
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(TooManyQueries):
            await reader.read(lambda store: store.markets.market("GOLD"))
        release.set()
