"""Rounds of the ticker on demand, for where no process stays: each pushes what changed since the last one, from the store alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from app.cache.base import Cache, Entry
from app.cache.guarded import Guarded
from app.cache.opening import shared_backend
from app.domain.errors import DatafeedError
from app.domain.resolution import Resolution
from app.domain.ticking import Mark
from app.feed.directory import Directory
from app.feed.running import StoredSeeds
from app.live.delivery import Backend, Refused
from app.live.payloads import Price
from app.live.publisher import MOST_MARKETS
from app.live.round import Done, Heard, NotPushed, Overdue, overdue
from app.live.topics import GLOBAL, topic
from app.pushing import app_elsewhere, finding_markets, last_prices
from app.store.lease import TICKING, Lease
from app.ticking import active_entry, active_prices

if TYPE_CHECKING:
    from app.domain.bar import Bar
    from app.settings import Settings
    from app.store.client import Database
    from app.store.reader import Reader
    from app.store.round_reader import Moment

_log = logging.getLogger(__name__)

SECONDS: Final = 8.0
"""For a round: functions that a cron calls are given ten in places."""

MARGIN: Final = 10
"""Seconds that are looked at twice where nothing is remembered: a commit is dated when it is sent, and there a moment later."""

KEPT_SECONDS: Final = 86_400
"""A day without a round, after which all that is heard is told anew."""

REDIS_SECONDS: Final = 1.0
"""For what Redis is asked."""

_MARK: Final = TypeAdapter(Mark)


class Rounds:
    """Of the store called *name*: one at a time, in all processes, and none while a ticker leads."""

    def __init__(self, settings: Settings, database: Database, reader: Reader, directory: Directory, name: str) -> None:
        self._settings = settings
        self._database = database
        self._reader = reader
        self._directory = directory
        self._key = f"datafeed:{name}:round"
        self._turn = asyncio.Lock()

    async def round(self) -> Done | None:
        """Do one; None where another is under way. StoreError where the store is away, NotPushed where Pusher is."""
        if self._turn.locked():
            return None
        async with self._turn:
            moment = await self._reader.read(lambda store: store.rounds.moment())
            lease = Lease(self._database, TICKING, ttl=2 * SECONDS, name="/round")
            if await asyncio.to_thread(lease.try_acquire):
                return None
            try:
                return await self._work(moment)
            finally:
                with contextlib.suppress(DatafeedError):  # it runs out by itself
                    await asyncio.to_thread(lease.release)

    async def _work(self, moment: Moment) -> Done:
        done = Done(0, is_all=False)
        async with contextlib.AsyncExitStack() as stack:
            backend = shared_backend(self._settings)
            redis = await stack.enter_async_context(backend) if backend else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SECONDS):
                    await self._keep_prices()
                    done = await self._push(moment, redis) if self._settings.pusher_app_id else Done(0, is_all=True)
        return done

    async def _push(self, moment: Moment, redis: Cache | None) -> Done:
        before = await self._remembered(redis) or await self._supposed(moment)
        heads = await self._reader.read(lambda store: store.rounds.heads())
        pushed = 0
        try:
            async with app_elsewhere(self._settings) as backend:
                occupied = await backend.occupied()
                now = Mark(moment.now // 1_000, heads, frozenset(occupied))
                found = await overdue(_Stored(self._reader), await self._heard(occupied), GLOBAL in occupied, before, now)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SECONDS / 2):
                        for first in range(0, len(found.pushes), backend.at_once):
                            pushed += await self._told(backend, found, first)
        except DatafeedError:
            raise
        except Exception as error:  # whatever the client raises
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise NotPushed(f"Pusher does not take what is pushed: {reason}") from error
        is_all = found.is_all and pushed == len(found.pushes)
        if is_all and redis:
            await self._remember(redis, now)
        return Done(pushed, is_all)

    async def _told(self, backend: Backend, found: Overdue, first: int) -> int:
        pushes = found.pushes[first : first + backend.at_once]
        try:
            await backend.push(pushes)
        except Refused as error:  # as they would be next time
            _log.warning("live updates were refused: %s", error)
        if rate := self._settings.pusher_max_messages_per_second:
            await asyncio.sleep(len(pushes) / rate)
        return len(pushes)

    async def _heard(self, occupied: Collection[str]) -> dict[str, Heard]:
        """Those of *occupied* that are of a market's bars, in any order, so that no round leaves out the same ones as the last."""
        find = finding_markets(self._directory)
        found: dict[str, Heard] = {}
        markets: set[int] = set()
        for channel in random.sample(list(occupied), len(occupied)):
            asked = topic(channel)
            market = await find(asked.symbol) if asked and asked.resolution else None
            if asked and market and (market.market_id in markets or len(markets) < MOST_MARKETS):
                markets.add(market.market_id)
                found[channel] = Heard(market, asked)
        return found

    async def _keep_prices(self) -> None:
        if backend := shared_backend(self._settings):
            async with Guarded(backend, timeout=self._settings.cache_timeout_ms / 1_000) as cache:
                await active_prices(self._reader, lambda prices: cache.set_many([active_entry(prices)])).say()

    async def _supposed(self, moment: Moment) -> Mark | None:
        """What was told by the time that a ticker was last at work, as far as the store knows."""
        if not moment.ticked:
            return None
        at = moment.ticked - 1_000 * MARGIN
        return Mark(at // 1_000, await self._reader.read(lambda store: store.rounds.heads(at)), None)

    async def _remembered(self, redis: Cache | None) -> Mark | None:
        """What the last whole round told, None where that is not known."""
        if redis is None:
            return None
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                (value,) = await redis.get_many([self._key])
            return _MARK.validate_json(value) if value else None
        except ValidationError:
            return None
        except Exception as error:  # whatever the clients raise: the store remembers less, but enough
            _log.warning("the last round is not remembered: %s", type(error).__name__)
            return None

    async def _remember(self, redis: Cache, mark: Mark) -> None:
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                await redis.set_many([Entry(self._key, _MARK.dump_json(mark), KEPT_SECONDS)])
        except Exception as error:  # whatever the clients raise: the next round tells some of it again
            _log.warning("this round is not remembered: %s", type(error).__name__)


class _Stored(StoredSeeds):
    """What rounds ask the store."""

    async def bars(self, market_id: int, resolution: Resolution, since: int, until: int, limit: int) -> Sequence[Bar]:
        return await self._reader.steady(market_id, lambda store: store.rounds.bars(market_id, resolution, since, until, limit))

    async def rewound(self, market_ids: Collection[int], since: int) -> Collection[int]:
        return await self._reader.read(lambda store: store.rounds.rewound(market_ids, since))

    async def prices(self) -> Sequence[Price]:
        return await last_prices(self._reader)
