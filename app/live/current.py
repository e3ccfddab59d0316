"""Current bars, kept so for whoever shows them: hears the news, asks the store where it must, and tells what has changed."""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from app.domain.bar import Seed
from app.domain.errors import DatafeedError
from app.live.bus import Item, Missed
from app.live.running import MOST_MARKETS, RunningBars
from app.live.updates import BarUpdate, Update

_log = logging.getLogger(__name__)

ASKED_AT_ONCE = 100
"""Markets of one question to the store."""

SHORTEST_PAUSE = 0.05
"""Seconds between two questions, so that what is wanted meanwhile goes into one."""

LONGEST_PAUSE = 5.0
"""Seconds: pauses grow up to this one as long as a question is not, or not wholly, answered."""

PAUSE = 1.0
"""Seconds after a fault."""

Tell = Callable[[Sequence[Update]], None]
"""Takes what changed, in order. It must neither wait nor raise."""


class Source(Protocol):
    """The store, as far as running bars need it."""

    async def seeds(self, market_ids: Sequence[int]) -> Mapping[int, Seed]:
        """How each of *market_ids* stands; absent are those that are being changed. DatafeedError where the store is away."""


class CurrentBars:
    """The bars of followed markets, told anew whenever they change, as long as `run` does. All calls are made in its event loop."""

    def __init__(self, source: Source, tell: Tell, *, most: int = MOST_MARKETS, longest_pause: float = LONGEST_PAUSE) -> None:
        """Of up to *most* markets at once; the store is asked again after *longest_pause* seconds at the latest."""
        self._source = source
        self._tell = tell
        self._running = RunningBars(most)
        self._longest_pause = longest_pause
        self._wake = asyncio.Event()
        self._away = False

    def follow(self, market_id: int) -> int | None:
        """Tell of a market from here on, first all its bars. A market that had to be let go for it is returned."""
        let_go = self._running.follow(market_id)
        self._look()
        return let_go

    def unfollow(self, market_id: int) -> None:
        """Tell of a market no more."""
        self._running.unfollow(market_id)

    def bars(self, market_id: int) -> dict[str, BarUpdate] | None:
        """The newest bars of a followed market by resolution; None where they are not known now."""
        return self._running.bars(market_id)

    async def run(self, items: AsyncIterator[Item]) -> None:
        """Hear *items*, subscribed to before this, until they end. A fault is logged, and all is begun anew from the store."""
        while True:
            try:
                await self._run(items)
            except Exception:
                _log.exception("live updates broke off; they begin anew")
                self._running.begin_anew()
                await asyncio.sleep(PAUSE)
            else:
                return

    async def _run(self, items: AsyncIterator[Item]) -> None:
        asking = asyncio.create_task(self._ask_for_ever())
        hearing = asyncio.create_task(self._hear_all(items))
        try:
            done, _ = await asyncio.wait({asking, hearing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (asking, hearing):
                task.cancel()
            await asyncio.wait({asking, hearing})

    async def _hear_all(self, items: AsyncIterator[Item]) -> None:
        async for item in items:
            self.hear(item)

    def hear(self, item: Item) -> None:
        """Take one item of the bus; who published it waits for nothing."""
        if isinstance(item, Missed):
            self._running.missed()
        else:
            self._say(self._running.fold(item))
        self._look()

    def _look(self) -> None:
        if self._running.is_wanting:
            self._wake.set()

    def _say(self, updates: Sequence[Update]) -> None:
        if updates:
            self._tell(updates)

    async def _ask_for_ever(self) -> None:
        pause = 0.0
        while True:
            await self._wanted(pause)
            asked = self._running.ask(ASKED_AT_ONCE)
            seeds = await self._ask(asked)
            self._say(self._running.seeded(asked, seeds))
            pause = 0.0 if seeds.keys() >= set(asked) else min(max(2 * pause, SHORTEST_PAUSE), self._longest_pause)
            await asyncio.sleep(SHORTEST_PAUSE)

    async def _wanted(self, pause: float) -> None:
        """Wait until anything happens to be wanted, or for about *pause* seconds where something still is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause * random.uniform(0.5, 1) if self._running.is_wanting else None):
                await self._wake.wait()
        self._wake.clear()

    async def _ask(self, asked: Sequence[int]) -> Mapping[int, Seed]:
        try:
            seeds = await self._source.seeds(asked)
        except DatafeedError as error:
            if not self._away:
                _log.warning("current bars stand still: %s", error.advice)
            self._away = True
            return {}
        if self._away:
            _log.info("current bars go on")
        self._away = False
        return seeds
