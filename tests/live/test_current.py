"""Bars kept current beside a store that takes its time, goes away and comes back."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Self

import pytest

from app.domain.bar import Seed
from app.domain.errors import DatafeedError
from app.domain.resolution import RESOLUTIONS
from app.feed.running import StoredSeeds
from app.live import current
from app.live.bus import Item, Missed
from app.live.current import ASKED_AT_ONCE, CurrentBars
from app.live.updates import BarUpdate, Update
from app.store.client import Database
from app.store.gate import RewindGate
from app.store.reader import Reader
from tests.live.chronicle import MARKETS, Chronicle, Consumer, check_charts, history, values
from tests.live.test_running import NOTHING, at, committed, seed

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Store:
    """Answers with what it is given, when it is let."""

    def __init__(self, seeds: Mapping[int, Seed]) -> None:
        self.answers = seeds
        self.asked: list[Sequence[int]] = []
        self.called = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()
        self.failures = 0

    async def seeds(self, market_ids: Sequence[int]) -> Mapping[int, Seed]:
        self.asked.append(market_ids)
        self.called.set()
        answers = {market_id: self.answers[market_id] for market_id in market_ids if market_id in self.answers}
        await self.free.wait()
        if self.failures:
            self.failures -= 1
            raise DatafeedError("the store is away")
        return answers


class Told:
    """Updates, and a way to wait for them."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self.bars: asyncio.Queue[BarUpdate] = asyncio.Queue()

    def __call__(self, updates: Sequence[Update]) -> None:
        self.updates += updates
        for update in updates:
            if isinstance(update, BarUpdate) and update.resolution == "1":
                self.bars.put_nowait(update)


class Items:
    """A subscription."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[Item] = asyncio.Queue()
        self.put = self._waiting.put_nowait
        self.join = self._waiting.join
        self._is_taken = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        if self._is_taken:
            self._is_taken = False
            self._waiting.task_done()
        item = await self._waiting.get()
        self._is_taken = True
        return item


@contextlib.asynccontextmanager
async def running(bars: CurrentBars, items: Items) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(bars.run(aiter(items)))
        yield
        task.cancel()


async def test_first_all_bars_then_what_changes() -> None:
    store, told, items = Store({1: seed(5, 5, 7)}), Told(), Items()
    bars = CurrentBars(store, told)
    async with running(bars, items):
        assert bars.follow(1) is None
        assert (await told.bars.get()).corrected
        items.put(committed(6, 9, at(6, 9, 8)))
        update = await told.bars.get()
        assert update.bar
        assert (update.bar.close, update.corrected) == (8.0, False)
        bars.unfollow(1)
        items.put(committed(7, 10, at(7, 10, 9)))
        await items.join()
        assert told.bars.empty()
        assert bars.bars(1) is None


async def test_news_goes_on_while_the_store_answers() -> None:
    store, told, items = Store({1: seed(5, 5, 7), 2: NOTHING}), Told(), Items()
    bars = CurrentBars(store, told)
    async with running(bars, items):
        bars.follow(2)
        await told.bars.get()
        store.free.clear()
        store.called.clear()
        bars.follow(1)
        await store.called.wait()
        items.put(committed(6, 9, at(6, 9, 8), at(6, 9, 3, market_id=2)))
        update = await told.bars.get()
        assert (update.market_id, update.corrected) == (2, False)
        store.free.set()
        update = await told.bars.get()
        assert update.bar
        assert (update.market_id, update.bar.close, update.corrected) == (1, 8.0, True)


async def test_a_store_that_is_away_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    store, told = Store({1: seed(5, 5, 7)}), Told()
    store.failures = 3
    bars = CurrentBars(store, told, longest_pause=0.01)
    with caplog.at_level(logging.INFO, "app.live.current"):
        async with running(bars, Items()):
            bars.follow(1)
            assert (await told.bars.get()).corrected
    assert len(store.asked) == 4
    assert [record.message for record in caplog.records] == ["current bars stand still: the store is away.", "current bars go on"]


async def test_what_is_missed_is_read_anew_so_many_at_once() -> None:
    markets = range(1, 2 * ASKED_AT_ONCE + 2)
    store, told, items = Store(dict.fromkeys(markets, NOTHING)), Told(), Items()
    bars = CurrentBars(store, told)
    async with running(bars, items):
        for market_id in markets:
            bars.follow(market_id)
        for _ in markets:
            await told.bars.get()
        store.asked.clear()
        items.put(Missed())
        assert sorted([(await told.bars.get()).market_id for _ in markets]) == list(markets)
        assert [len(asked) for asked in store.asked] == [ASKED_AT_ONCE, ASKED_AT_ONCE, 1]


async def test_ends_with_its_items() -> None:
    async def items() -> AsyncIterator[Item]:
        yield Missed()

    done, _ = await asyncio.wait({asyncio.create_task(CurrentBars(Store({}), Told()).run(items()))}, timeout=60)
    assert [task.exception() for task in done] == [None]


async def test_begins_anew_after_a_fault(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Of the store, and of who is told."""
    monkeypatch.setattr(current, "PAUSE", 0.001)

    class Broken(Store):
        async def seeds(self, market_ids: Sequence[int]) -> Mapping[int, Seed]:
            if not self.asked:
                self.asked.append(market_ids)
                raise ZeroDivisionError
            return await super().seeds(market_ids)

    class Deaf(Told):
        is_deaf = False

        def __call__(self, updates: Sequence[Update]) -> None:
            if self.is_deaf:
                self.is_deaf = False
                raise ZeroDivisionError
            super().__call__(updates)

    store, told, items = Broken({1: seed(5, 5, 7)}), Deaf(), Items()
    bars = CurrentBars(store, told)
    async with running(bars, items), asyncio.timeout(60):
        bars.follow(1)
        assert (await told.bars.get()).corrected
        store.answers = {1: seed(6, 9, 8)}
        told.is_deaf = True
        items.put(committed(6, 9, at(6, 9, 8)))
        update = await told.bars.get()
        assert update.bar
        assert (update.bar.close, update.corrected) == (8.0, True)
        items.put(committed(7, 10, at(7, 10, 9)))
        update = await told.bars.get()
        assert update.bar
        assert (update.bar.close, update.corrected) == (9.0, False)
    assert [record.message for record in caplog.records] == ["live updates broke off; they begin anew"] * 2


async def test_a_real_store_with_commits_and_rewinds_meanwhile(database: Database) -> None:
    """A writer in its own thread; the bars are right when all has been told."""
    chronicle, consumer, items = Chronicle(database, 1), Consumer(partial(history, database)), Items()
    bars = CurrentBars(StoredSeeds(Reader(database, RewindGate(database), concurrency=2)), consumer.take, longest_pause=0.1)
    async with running(bars, items):
        for market_id in MARKETS:
            bars.follow(market_id)
        for step in range(12):
            items.put(await asyncio.to_thread(chronicle.rewind if step % 5 == 4 else chronicle.commit))
        await items.join()
        while any(bars.bars(market_id) is None for market_id in MARKETS):  # noqa: ASYNC110 (updates are told, not this)
            await asyncio.sleep(0.01)
        for market_id in MARKETS:
            known = {key: update.bar for key, update in (bars.bars(market_id) or {}).items() if update.bar}
            for key in RESOLUTIONS:
                stored = history(database, market_id, key)
                check_charts(consumer.charts[market_id, key], stored)
                check_charts({known[key].start: values(known[key])} if key in known else {}, dict(list(stored.items())[-1:]))
