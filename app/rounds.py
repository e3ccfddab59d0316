"""Rounds of the ticker on demand, for where no process stays: each pushes what changed since the last one, from the store alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Final

from app.cache.guarded import Guarded
from app.cache.opening import shared_backend
from app.domain.errors import DatafeedError
from app.domain.resolution import Resolution
from app.feed.directory import Directory
from app.feed.running import StoredSeeds
from app.live.delivery import reason
from app.live.payloads import Price
from app.live.round import Done, NotPushed, marks_after, overdue
from app.live.telling import Telling
from app.pushing import app_elsewhere, finding_markets, last_prices
from app.store.lease import TICKING, Lease
from app.store.round_reader import remember
from app.ticking import active_entry, active_prices

if TYPE_CHECKING:
    from app.domain.bar import Bar
    from app.settings import Settings
    from app.store.client import Database
    from app.store.reader import Reader

SECONDS: Final = 8.0
"""For a round: functions that a cron calls are given ten in places."""

SPARE: Final = 2.0
"""Of these the last: no push is begun in them, so that one under way ends, and what was told is remembered."""


class Rounds:
    """Of the store called *name*: one at a time, in all processes, and none while a ticker leads."""

    def __init__(self, settings: Settings, database: Database, reader: Reader, directory: Directory) -> None:
        self._settings = settings
        self._database = database
        self._reader = reader
        self._directory = directory
        self._turn = asyncio.Lock()

    async def round(self) -> Done | None:
        """Do one; None where another is under way. StoreError where the store is away, NotPushed where Pusher is."""
        if self._turn.locked():
            return None
        async with self._turn:
            lease = Lease(self._database, TICKING, ttl=2 * SECONDS, name="/round")
            if await asyncio.to_thread(lease.try_acquire):
                return None
            try:
                return await self._work()
            finally:
                with contextlib.suppress(DatafeedError):  # it runs out by itself
                    await asyncio.to_thread(lease.release)

    async def _work(self) -> Done:
        ends = monotonic() + SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS):
                await self._keep_prices()
        return await self._push(ends) if self._settings.pusher_app_id else Done(0, is_all=True)

    async def _push(self, ends: float) -> Done:
        last = await self._reader.read(lambda store: store.rounds.last())
        heads = await self._reader.read(lambda store: store.rounds.heads())
        async with app_elsewhere(self._settings) as backend:
            telling = Telling(backend, self._settings.pusher_max_messages_per_second)
            occupied: Collection[str] = ()
            is_all = False
            try:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ends - monotonic()):
                        with _not_pushed():
                            occupied = await backend.occupied()
                            owed = overdue(_Stored(self._reader), finding_markets(self._directory), occupied, last.marks, heads)
                            async with contextlib.aclosing(owed):
                                is_all = await telling.tell(owed, ends - SPARE)
            finally:
                told = telling.told
                if told.whole or told.part:
                    marks = marks_after(last.marks, occupied, last.now, heads, told)
                    await asyncio.to_thread(remember, self._database, last.number + 1, marks)
        return Done(telling.pushed, is_all and told.whole | told.part >= set(occupied))

    async def _keep_prices(self) -> None:
        if backend := shared_backend(self._settings):
            async with Guarded(backend, timeout=self._settings.cache_timeout_ms / 1_000) as cache:
                await active_prices(self._reader, lambda prices: cache.set_many([active_entry(prices)])).say()


@contextlib.contextmanager
def _not_pushed() -> Iterator[None]:
    try:
        yield
    except DatafeedError:
        raise
    except Exception as error:  # whatever the client raises
        raise NotPushed(f"Pusher does not take what is pushed: {reason(error)}") from error


class _Stored(StoredSeeds):
    """What rounds ask the store."""

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> Sequence[Bar]:
        return await self._reader.steady(market_id, lambda store: store.rounds.bars(market_id, resolution, since, until, limit))

    async def rewound(self, market_ids: Collection[int], since: int) -> Mapping[int, int]:
        return await self._reader.read(lambda store: store.rounds.rewound(market_ids, since))

    async def prices(self) -> Sequence[Price]:
        return await last_prices(self._reader)
