"""How little is read: pages that nothing touched stay, and quiet markets are not walked through."""

import asyncio
from collections.abc import Sequence

import pytest

from app.cache.base import Entry
from app.cache.guarded import Guarded
from app.cache.lru import Lru
from app.cache.memory import Memory
from app.cache.pages import Answer, CandlePages
from app.cache.slots import PAGE_BARS
from app.cache.standings import AWAY_SECONDS, BELIEVED_SECONDS
from app.cache.tiered import Tiered
from app.domain.errors import StoreAway
from app.domain.resolution import DAY, RESOLUTIONS
from tests.cache.clock import Clock
from tests.cache.world import MARKET, World, check, pages

pytestmark = pytest.mark.anyio

SECOND, MINUTE = RESOLUTIONS["1S"], RESOLUTIONS["1"]
PAGE = PAGE_BARS * 60
"""Seconds of a page of minutes."""


def busy(minutes: int) -> World:
    """An event a minute."""
    world = World()
    world.add(*[(60, 100 + number % 50) for number in range(minutes)])
    return world


async def test_a_chart_that_asks_every_second_reads_once() -> None:
    world = busy(1_000)
    candles = pages(world)
    for second in range(5):
        await check(candles, world, MINUTE, 0, world.end + 1 + second, 2)
        await check(candles, world, MINUTE, world.end - 6_000, world.end + 1 + second, 330)
    assert len(world.reads) <= 2
    assert world.asked == 1


async def test_a_trade_shows_at_once_and_only_its_page_is_read_again() -> None:
    world = busy(1_600)
    candles = pages(world)
    await check(candles, world, MINUTE, 0, world.end + 60, 1_100)
    world.reads.clear()
    world.add((1, 999))
    candles.changed(MARKET)
    await check(candles, world, MINUTE, 0, world.end + 60, 1_100)
    ((_, since, until),) = world.reads
    assert since <= world.end < until
    assert until - since == PAGE


async def test_a_commit_that_was_told_of_takes_one_read() -> None:
    world = busy(1_000)
    candles = pages(world)
    candles.committed(MARKET, 1_000, world.end)  # nothing is known yet
    await check(candles, world, MINUTE, 0, world.end + 60, 300)
    for _ in range(3):
        world.reads.clear()
        world.add((30, 999))
        candles.committed(MARKET, len(world.events), world.end)
        candles.committed(MARKET, len(world.events) - 1, world.end - 30)  # late
        await check(candles, world, MINUTE, 0, world.end + 60, 300)
        assert len(world.reads) == 1
    assert world.asked == 1


async def test_a_word_of_what_was_taken_back_is_corrected_by_the_store() -> None:
    world, clock = busy(1_000), Clock()
    candles = pages(world, clock=clock)
    world.rewind(500)
    candles.changed(MARKET)
    await check(candles, world, MINUTE, 0, world.end + 60, 700)
    candles.committed(MARKET, 1_000, world.end + 500 * 60)  # of the fork that is no more
    await check(candles, world, MINUTE, 0, world.end + 60, 700)
    world.add(*[(60, 7)] * 500)
    candles.committed(MARKET, 1_000, world.end)
    clock.now += BELIEVED_SECONDS
    await check(candles, world, MINUTE, 0, world.end + 60, 700)


async def test_a_rewind_makes_only_the_pages_it_touches_read_again() -> None:
    world = busy(6_000)  # four days
    candles = pages(world)
    await check(candles, world, MINUTE, 0, world.end + 60, 5_000)
    world.reads.clear()
    world.rewind(20)
    since = world.rewinds[-1].since
    candles.changed(MARKET)
    await check(candles, world, MINUTE, 0, world.end + 60, 5_000)
    ((_, lower, upper),) = world.reads
    assert lower <= since < lower + PAGE
    assert lower < world.end < upper


async def test_what_nobody_told_of_is_noticed_after_a_while() -> None:
    world, clock = busy(100), Clock()
    candles = pages(world, clock=clock)
    await check(candles, world, MINUTE, 0, world.end + 60, 50)
    world.add((60, 7))
    clock.now += BELIEVED_SECONDS
    await check(candles, world, MINUTE, 0, world.end + 60, 50)


@pytest.mark.parametrize("gap", [7_200, 3 * DAY, 400 * DAY])
async def test_quiet_markets_take_few_reads(gap: int) -> None:
    world = World()
    world.add(*[(gap, 100 + number) for number in range(12)])
    candles = pages(world)
    for limit in (2, 10, 330):
        world.reads.clear()
        for _ in range(3):
            await check(candles, world, MINUTE, 0, world.end + 60, limit)
        assert len(world.reads) <= 3


async def test_what_lies_before_a_gap_is_named() -> None:
    world = World()
    world.add((0, 100), (400 * DAY, 200))
    candles = pages(world)
    for since, until in ((world.end + 60, world.end + 120), (world.end - 7_200, world.end - 3_600), (0, 600)):
        world.reads.clear()
        for _ in range(2):
            await check(candles, world, MINUTE, since, until, 10)
        assert len(world.reads) <= 2


async def test_a_market_without_events_is_asked_after_once() -> None:
    world = World()
    candles = pages(world)
    for _ in range(3):
        assert await candles.bars(MARKET, MINUTE, 0, 10**9, 5) == (b"{}", 0, None)
    assert (world.asked, world.reads) == (1, [])
    world.add((0, 5))
    candles.changed(MARKET)
    await check(candles, world, MINUTE, 0, world.end + 60, 5)


async def test_many_at_once_share_one_read() -> None:
    world = busy(100)
    candles = pages(world)
    world.gate.clear()
    waiting = [asyncio.create_task(candles.bars(MARKET, MINUTE, 0, world.end + 60, 10 + number)) for number in range(20)]
    await world.called.wait()
    world.gate.set()
    await asyncio.gather(*waiting)
    assert (len(world.reads), world.asked) == (1, 1)


async def test_pages_from_before_and_after_a_rewind_are_not_mixed() -> None:
    world = busy(1_000)
    candles = pages(world)
    await check(candles, world, MINUTE, 0, world.end - 300 * 60, 300)  # the older pages are there
    world.called.clear()
    world.gate.clear()
    answer = asyncio.create_task(candles.bars(MARKET, MINUTE, 0, world.end + 60, 900))
    await world.called.wait()
    until = world.end + 60
    world.rewind(950)
    world.add(*[(60, 7)] * 10)
    candles.changed(MARKET)
    world.gate.set()
    truth = world.truth(MINUTE, 0, until, 900)
    assert (await answer).columns == truth.columns.translate(None, b" \t\n")


async def test_half_a_commit_is_not_kept() -> None:
    world = busy(100)
    candles = pages(world)
    world.begin((60, 900))
    for resolution in RESOLUTIONS.values():
        await check(candles, world, resolution, 0, world.end + 120, 50)
    world.commit()
    for resolution in RESOLUTIONS.values():
        await check(candles, world, resolution, 0, world.end + 120, 50)


async def test_a_store_that_fails_is_asked_again() -> None:
    class Failing(World):
        fails = True

        async def standing(self, market_id: int):  # type: ignore[no-untyped-def]  # as the world's
            if self.fails:
                raise LookupError
            return await super().standing(market_id)

    world = Failing()
    world.add((60, 5))
    candles = pages(world)
    with pytest.raises(LookupError):
        await candles.bars(MARKET, SECOND, 0, world.end + 1, 5)
    world.fails = False
    await check(candles, world, SECOND, 0, world.end + 1, 5)


async def test_while_the_store_is_away_a_market_is_where_it_was() -> None:
    class Away(World):
        is_away = False

        async def standing(self, market_id: int):  # type: ignore[no-untyped-def]  # as the world's
            if self.is_away:
                raise StoreAway
            return await super().standing(market_id)

    world, clock = Away(), Clock()
    world.add((60, 5), (60, 6))
    candles = pages(world, clock=clock)
    await check(candles, world, MINUTE, 0, world.end + 1, 5)
    world.is_away = True
    for _ in range(10):
        clock.now += AWAY_SECONDS / 11
        await check(candles, world, MINUTE, 0, world.end + 1, 5)
    clock.now += AWAY_SECONDS / 5
    with pytest.raises(StoreAway):
        await candles.bars(MARKET, MINUTE, 0, world.end + 1, 5)
    world.is_away = False
    await check(candles, world, MINUTE, 0, world.end + 1, 5)
    world.is_away = True
    candles.changed(MARKET)  # what was answered before may be wrong
    with pytest.raises(StoreAway):
        await candles.bars(MARKET, MINUTE, 0, world.end + 1, 5)


async def test_memory_stays_within_its_budgets() -> None:
    world = busy(3_000)
    memory: Lru[bytes] = Lru(300_000)
    answers: Lru[Answer] = Lru(200_000)
    candles = CandlePages(world, Tiered(memory), answers, ttl=lambda _: 300, closed_ttl=600)
    for number in range(300):
        await check(candles, world, MINUTE, 0, world.end - 600 * number // 2, 100)
    assert memory.used <= 300_000
    assert answers.used <= 200_000
    assert answers.evictions > 0


class Counting(Memory):
    """Counts the bytes that it is given to keep."""

    written = 0

    async def set_many(self, entries: Sequence[Entry]) -> None:
        self.written += sum(len(entry.value) for entry in entries)
        await super().set_many(entries)


async def test_ways_to_ask_a_quiet_market_do_not_fill_the_caches_that_pages_are_in() -> None:
    world = World()
    world.add(*[(3 * DAY, 100 + number) for number in range(400)])
    memory: Lru[bytes] = Lru(4_000_000)
    shared = Counting(Lru(4_000_000))
    async with Tiered(memory, Guarded(shared, timeout=30)) as cache:
        candles = pages(world, cache)
        for number in range(200):
            await check(candles, world, SECOND, 0, world.end - 1_000 * number, 200 + number)
    assert shared.written < 50_000  # 200 answers of 8 KB and more would be 1.6 MB
    assert memory.used < 500_000
