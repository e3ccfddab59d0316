"""A market whose events come and go, and what it answers: the source of candles of these tests, and the truth about them."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from app.cache.lru import Lru
from app.cache.pages import CandlePages
from app.cache.tiered import Tiered
from app.domain.resolution import DAY, Resolution
from app.domain.standing import Rewound, Standing
from tests.feed.points import Point, bars, seconds

MARKET = 7
BEGINNING = seconds("2023-12-30T23:59:00")
FINE = ("1S", "1", "5")
"""Resolutions whose candles are there first, in the middle of a commit."""


class Bars(NamedTuple):
    """As a source answers."""

    columns: bytes
    bars: int
    older: int | None = None


class World:
    """Events in chain order. Their ordinals are used again after a rewind, as a chain does."""

    def __init__(self) -> None:
        self.events: list[Point] = []
        self.pending: list[Point] = []
        self.rewinds: list[Rewound] = []
        self.reads: list[tuple[str, int, int]] = []
        self.asked = 0
        self.called = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self._made: dict[tuple[str, int], list[tuple[float, ...]]] = {}

    @property
    def end(self) -> int:
        return self.events[-1].time if self.events else BEGINNING

    def add(self, *steps: tuple[int, int]) -> None:
        """Commit events, each so many seconds after the one before, at so many cents."""
        self.events += self._next(*steps)
        self._made.clear()

    def begin(self, *steps: tuple[int, int]) -> None:
        """Begin to commit events: their rows are there, the coarser candles not yet."""
        self.pending = self._next(*steps)
        self._made.clear()

    def commit(self) -> None:
        self.events, self.pending = self.events + self.pending, []
        self._made.clear()

    def rewind(self, count: int) -> None:
        """Take the last *count* events back, and those half committed."""
        gone = self.events[max(0, len(self.events) - count) :] + self.pending
        del self.events[max(0, len(self.events) - count) :]
        self.pending = []
        if gone:
            first = gone[0].time
            since = min(first - first % DAY, self.end) if self.events else 0
            self.rewinds.append(Rewound(since, len(self.rewinds) + 1))
        self._made.clear()

    async def standing(self, market_id: int) -> Standing | None:
        self.asked += 1
        assert market_id == MARKET
        every = self.events + self.pending
        if not every:
            return None
        first, last = every[0].time, every[-1].time
        settled = not self.pending
        return Standing(first - first % DAY, last + 1, last, len(every), settled=settled, rewinds=tuple(sorted(self.rewinds)))

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int, closed: bool = False) -> Bars:
        assert market_id == MARKET
        self.reads.append((resolution.key, since, until))
        self.called.set()
        await self.gate.wait()
        return self.truth(resolution, since, until, limit)

    def truth(self, resolution: Resolution, since: int, until: int, limit: int) -> Bars:
        """What is to be answered now."""
        every = self._every(resolution)
        lower, upper = (resolution_start(resolution, at) for at in (since, until))
        found = [bar for bar in every if lower <= bar[0] < upper][-limit:]
        older = [int(bar[0]) for bar in every if bar[0] < lower]
        columns: dict[str, Any] = {name: [bar[place] for bar in found] for place, name in enumerate("tohlcv")}
        body = orjson.dumps(columns).replace(b",", b", ").replace(b"], ", b"],\n\t")
        return Bars(body, len(found), older[-1] if older and not found else None)

    def _every(self, resolution: Resolution) -> list[tuple[float, ...]]:
        seen = len(self.events) + (len(self.pending) if resolution.key in FINE else 0)
        if (resolution.key, seen) not in self._made:
            self._made[resolution.key, seen] = bars((self.events + self.pending)[:seen], resolution.key)
        return self._made[resolution.key, seen]

    def _next(self, *steps: tuple[int, int]) -> list[Point]:
        times = itertools.accumulate((step for step, _ in steps), initial=self.end)
        return [Point(at, cents, 3) for at, (_, cents) in zip(itertools.islice(times, 1, None), steps, strict=True)]


def resolution_start(resolution: Resolution, moment: int) -> int:
    """Beginning of the first bar at *moment* or later, by looking for it."""
    start = resolution.bar_start(moment)
    while start < moment:
        start = resolution.bar_start(start + (32 * DAY if resolution.monthly else resolution.seconds))
    return start


def pages(world: World, cache: Tiered | None = None, clock: Callable[[], float] = time.monotonic) -> CandlePages:
    """Pages of a process: with caches of its own, or *cache*."""
    return CandlePages(world, cache or Tiered(Lru(4_000_000)), Lru(1_000_000), ttl=lambda _: 300, closed_ttl=600_000, clock=clock)


async def check(candles: CandlePages, world: World, resolution: Resolution, since: int, until: int, limit: int) -> None:
    """What the pages answer is the truth."""
    found = await candles.bars(MARKET, resolution, since, until, limit)
    truth = world.truth(resolution, since, until, limit)
    assert (found.bars, found.older) == (truth.bars, truth.older), (resolution.key, since, until, limit)
    if truth.bars:
        assert found.columns == truth.columns.translate(None, b" \t\n")
