"""Who subscribes is told where it begins, then everything, whatever else goes on."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from functools import partial

import pytest

from app.domain.news import TakenBack
from app.domain.resolution import RESOLUTIONS
from app.feed.running import StoredSeeds
from app.live.hub import BarsOf, Gap, Hub, HubStatistics, Told, TooManyMarkets, Topic, TradesOf
from app.live.updates import BarUpdate, Traded
from app.store.client import Database
from app.store.gate import RewindGate
from app.store.reader import Reader
from tests.live.buses import PATIENCE
from tests.live.chronicle import MARKETS, Chronicle, check_charts, history, values
from tests.live.test_current import Items, Store
from tests.live.test_running import CHAIN, NOON, at, committed, seed

pytestmark = pytest.mark.anyio

GOLD = BarsOf(1, "1")


class Follower:
    """A subscriber that keeps what it is told."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[Topic, Told]] = asyncio.Queue()

    def tell(self, topic: Topic, told: Told) -> None:
        self.told.put_nowait((topic, told))

    async def next(self) -> Told:
        """What is told next."""
        async with asyncio.timeout(PATIENCE):
            return (await self.told.get())[1]

    async def bar(self) -> tuple[float, bool, bool]:
        """Close, whether closed, whether what was before may be void."""
        told = await self.next()
        assert isinstance(told.event, BarUpdate)
        assert told.event.bar
        return told.event.bar.close, told.event.closed, told.breaks


@contextlib.asynccontextmanager
async def running(hub: Hub, items: Items) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(hub.run(aiter(items)))
        yield
        task.cancel()


async def test_a_snapshot_then_every_change() -> None:
    hub, items, early, late = Hub(Store({1: seed(5, 5, 7)})), Items(), Follower(), Follower()
    async with running(hub, items):
        hub.subscribe(early, GOLD)
        assert early.told.empty()
        assert await early.bar() == (7.0, False, True)
        items.put(committed(6, 9, at(6, 9, 8)))
        assert await early.bar() == (8.0, False, False)
        hub.subscribe(late, GOLD)
        assert late.told.qsize() == 1  # at once
        assert await late.bar() == (8.0, False, False)
        items.put(committed(8, 70, at(7, 30, 9), at(8, 65, 3), previous=6))
        assert [await early.bar(), await early.bar()] == [(9.0, True, False), (3.0, False, False)]
        assert [await late.bar(), await late.bar()] == [(9.0, True, False), (3.0, False, False)]
        hub.unsubscribe(early, GOLD)
        items.put(committed(9, 71, at(9, 71, 4)))
        assert await late.bar() == (4.0, False, False)
        assert early.told.empty()


async def test_after_a_rewind_bars_are_corrected_and_trades_have_a_gap() -> None:
    store, items, follower = Store({1: seed(5, 5, 7)}), Items(), Follower()
    hub = Hub(store)
    async with running(hub, items):
        hub.subscribe(follower, TradesOf(1))
        assert (await follower.next()).event == Gap(1)
        items.put(committed(6, 9, at(6, 9, 8)))
        assert (await follower.next()).event == Traded(at(6, 9, 8))
        hub.subscribe(follower, GOLD)
        assert await follower.bar() == (8.0, False, False)
        items.put(TakenBack(CHAIN, 5, NOON + 5, frozenset({1}), NOON, previous=6))
        assert (await follower.next()).event == Gap(1)
        assert await follower.bar() == (7.0, False, True)


async def test_who_subscribes_while_nothing_is_known_waits_for_it() -> None:
    store, items, first, second = Store({1: seed(5, 5, 7)}), Items(), Follower(), Follower()
    hub = Hub(store)
    store.free.clear()
    async with running(hub, items):
        hub.subscribe(first, GOLD)
        await store.called.wait()
        hub.subscribe(second, GOLD)
        hub.subscribe(second, TradesOf(1))
        store.free.set()
        assert await first.bar() == (7.0, False, True)
        assert (await second.next()).event == Gap(1)
        assert await second.bar() == (7.0, False, True)
        assert second.told.empty()


async def test_a_form_is_written_once() -> None:
    written: list[str] = []

    def write(told: Told, name: str) -> str:
        written.append(name)
        return f"{name} {told.event}"

    told = Told(Gap(1))
    assert told.written(write, "GOLD") is told.written(write, "GOLD")
    assert told.written(write, "OIL") != told.written(write, "GOLD")
    assert written == ["GOLD", "OIL"]


async def test_markets_are_let_go_when_nobody_has_been_subscribed_for_a_while() -> None:
    store, items, follower = Store({1: seed(5, 5, 7)}), Items(), Follower()
    hub = Hub(store, linger=0)
    async with running(hub, items):
        hub.subscribe(follower, GOLD)
        hub.subscribe(follower, TradesOf(1))
        assert hub.statistics() == HubStatistics(markets=1, topics=2, subscriptions=2)
        hub.unsubscribe(follower, GOLD)
        hub.unsubscribe(follower, TradesOf(1))
        hub.subscribe(follower, GOLD)  # in time
        await follower.bar()
        assert hub.statistics() == HubStatistics(markets=1, topics=1, subscriptions=1)
        hub.unsubscribe(follower, GOLD)
        while hub.statistics().markets:  # noqa: ASYNC110 (nobody is told)
            await asyncio.sleep(0)
        hub.subscribe(follower, GOLD)
        assert (await follower.bar())[2]
        assert len(store.asked) == 2


async def test_markets_are_bounded() -> None:
    hub, items, follower = Hub(Store({}), most=2), Items(), Follower()
    async with running(hub, items):
        for market_id in (1, 2):
            hub.subscribe(follower, BarsOf(market_id, "1"))
        with pytest.raises(TooManyMarkets):
            hub.subscribe(follower, BarsOf(3, "1"))
        assert hub.has_room([BarsOf(1, "5"), TradesOf(2)])
        assert not hub.has_room([BarsOf(3, "1")])
        hub.subscribe(follower, BarsOf(2, "5"))
        hub.unsubscribe(follower, GOLD)
        assert hub.has_room([BarsOf(3, "1")])
        assert not hub.has_room([GOLD, BarsOf(3, "1")])
        hub.subscribe(follower, BarsOf(3, "1"))  # in place of the one that nobody is subscribed to
        assert hub.statistics() == HubStatistics(markets=2, topics=3, subscriptions=3)


class Chart:
    """One topic of bars, drawn from what is told; history is read, by the chart's own store, where it begins and where it breaks."""

    def __init__(self, database: Database, topic: BarsOf) -> None:
        self._read = partial(history, database, topic.market_id, topic.resolution)
        self._begun = False
        self._last: tuple[int, bool] | None = None
        self.bars: dict[int, tuple[float, ...]] = {}

    def tell(self, topic: Topic, told: Told) -> None:
        """Draw it, holding it to what is promised."""
        assert isinstance(told.event, BarUpdate)
        if not self._begun or told.breaks:
            self.bars, self._begun, self._last = self._read(), True, None
        if bar := told.event.bar:
            if self._last:
                start, was_closed = self._last
                assert bar.start > start if was_closed else bar.start == start, "no bar is missing, none is told again"
            self._last = bar.start, told.event.closed
            self.bars[bar.start] = values(bar)


@pytest.mark.parametrize("number", range(2))
async def test_charts_are_the_stores_whoever_comes_and_goes(database: Database, number: int) -> None:
    pick, chronicle, items = random.Random(number), Chronicle(database, number), Items()
    hub = Hub(StoredSeeds(Reader(database, RewindGate(database), concurrency=2)), linger=0)
    charts: dict[BarsOf, list[Chart]] = {}
    async with running(hub, items):
        for step in range(16):
            topic = BarsOf(pick.choice(MARKETS), pick.choice(list(RESOLUTIONS)))
            chart = Chart(database, topic)
            charts.setdefault(topic, []).append(chart)
            hub.subscribe(chart, topic)
            if pick.random() < 0.3:
                left = pick.choice(sorted(charts))
                hub.unsubscribe(charts[left].pop(pick.randrange(len(charts[left]))), left)
                charts = {topic: shown for topic, shown in charts.items() if shown}
            items.put(await asyncio.to_thread(chronicle.rewind if step % 6 == 5 else chronicle.commit))
        await items.join()
        for market_id in MARKETS:
            probe = Follower()
            hub.subscribe(probe, TradesOf(market_id))
            await probe.next()
    assert charts
    for topic, shown in charts.items():
        for chart in shown:
            check_charts(chart.bars, history(database, topic.market_id, topic.resolution))
