"""The ticker: of all processes on a store, one pushes what changes to an app of Pusher's and says which prices are active."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Final

from app.cache.base import Cache, Entry
from app.cache.guarded import Guarded
from app.cache.opening import shared_backend
from app.domain.errors import DatafeedError
from app.feed.directory import Directory
from app.feed.running import StoredSeeds
from app.live.active import ACTIVE_SECONDS, MOST_ACTIVE, ActivePrices
from app.live.bus import Bus
from app.live.delivery import Backend
from app.live.due import Push
from app.news import occupations_of
from app.ops.mistakes import SettingsError
from app.parts import Parts
from app.pushing import app_elsewhere, publishing
from app.service import Job, until
from app.settings import Settings, require
from app.store.gate import RewindGate
from app.store.lease import TICKING, Lease, LeaseLost
from app.store.limits import query_limits
from app.store.reader import Reader

if TYPE_CHECKING:
    from app.live.pusher.elsewhere import Elsewhere
    from app.store.client import Database

_log = logging.getLogger(__name__)

PAUSE: Final = 5.0
"""Seconds between two tries to begin."""

QUERIES: Final = 2
"""Under way at once, for what is pushed."""

LOOKS: Final = 5
"""At the lease, in the time that it lasts."""

ACTIVE_PRICES: Final = "active_prices"
"""The key of the active prices in Redis: the same for everybody, as whoever reads it knows no store's name."""

NO_APP: Final = (
    "PUSHER_APP_ID is not set: the ticker would push what changes to that app of Pusher's. Without one each `serve` is a Pusher of its "
    "own, and all that the ticker does is to keep the active prices in Redis"
)


NEEDED: Final = {
    "clickhouse_host": "chDB belongs to one process, and `demo`, `listen` and `serve --all` have a ticker inside theirs",
    "redis_url": "it is how this process hears of commits (UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN do, too)",
}
"""What a ticker needs that is a process of its own, and why."""


def ticker_settings(settings: Settings) -> None:
    """SettingsError where a ticker by itself would be of no use; a warning where it has less to do than it could."""
    require(settings, **{name: reason for name, reason in NEEDED.items() if name != "redis_url" or not settings.has_redis})
    if not settings.enable_realtime_streaming:
        raise SettingsError(["ENABLE_REALTIME_STREAMING: is off: there is nothing for a ticker to do"])
    if not settings.pusher_app_id:
        _log.warning(NO_APP)


class Ticking:
    """Pushes what *bus* tells, as long as no other process on the store does: who does holds a lease in it."""

    def __init__(self, settings: Settings, database: Database, bus: Bus, parts: Parts | None = None) -> None:
        """What runs is put into *parts*, those of the process."""
        self._parts = parts or Parts()
        self._parts.database, self._parts.bus = database, bus
        self._settings = settings
        self._database = database
        self._bus = bus
        self._seconds = settings.pusher_lease_ttl_ms / 1_000
        self._backend: Elsewhere | None = None
        self._is_down = False

    def occupied(self) -> None:
        """Other channels are occupied now; to be called in the event loop of `jobs`."""
        if self._backend:
            self._backend.changed()

    @property
    def jobs(self) -> list[Job]:
        """What is to run, for ever; nothing where there is neither an app of Pusher's nor a Redis."""
        settings = self._settings
        return [self._job] if settings.enable_realtime_streaming and (settings.pusher_app_id or settings.has_redis) else []

    async def _job(self, stop: asyncio.Event) -> None:
        await until(stop, self._for_ever())

    async def _for_ever(self) -> None:
        pause = min(PAUSE, self._seconds / LOOKS)
        while True:
            try:
                await self._lead()
            except LeaseLost as error:
                _log.warning("the ticker stands by: %s", error)
            except Exception as error:  # whoever else runs in this process goes on, whatever becomes of this
                _log.log(logging.DEBUG if self._is_down else logging.WARNING, "the ticker has stopped, and begins again: %s", error)
                self._is_down = True
            await asyncio.sleep(pause)

    async def _lead(self) -> None:
        """Wait for the lease, and push until it is lost."""
        if not self._settings.has_redis:
            async with self._bus.subscribe() as items:
                await anext(items)  # who writes elsewhere would not be heard here: the process that writes is to lead
        lease = Lease(self._database, TICKING, ttl=self._seconds)
        await self._wait(lease)
        limited = await asyncio.to_thread(self._database.limited, query_limits(self._settings), size=QUERIES)
        try:
            with limited as store:
                reader = Reader(store, RewindGate(store), concurrency=QUERIES)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._hold(lease))
                    if self._settings.pusher_app_id:
                        group.create_task(self._push(reader, lease))
                    if cache := shared_backend(self._settings):
                        group.create_task(self._keep(reader, lease, cache))
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None  # the others were cancelled because of it
        finally:
            if lease.holds:
                with contextlib.suppress(DatafeedError):  # it runs out by itself
                    await asyncio.to_thread(lease.release)

    async def _wait(self, lease: Lease) -> None:
        other = ""
        while claim := await asyncio.to_thread(lease.try_acquire):
            if claim.holder != other:
                other = claim.holder
                _log.info("the ticker of %s leads, this one stands by", other)
            await asyncio.sleep(self._seconds / LOOKS)
        self._is_down = False
        _log.info("this ticker leads")

    async def _hold(self, lease: Lease) -> None:
        """Renew the lease until it is lost."""
        while True:
            await asyncio.sleep(self._seconds / LOOKS)
            try:
                await asyncio.to_thread(lease.ensure)
            except LeaseLost:
                raise
            except DatafeedError as error:  # there is time for another try
                _log.debug("the ticker's lease is not renewed: %s", error)

    async def _push(self, reader: Reader, lease: Lease) -> None:
        """Push to the app, for ever."""
        settings = self._settings
        directory = Directory(lambda name: reader.read(lambda store: store.markets.market(name)))
        rate = settings.pusher_max_messages_per_second or None
        async with contextlib.AsyncExitStack() as stack:
            backend = self._backend = await stack.enter_async_context(app_elsewhere(settings))
            if words := occupations_of(settings, self._database):
                await stack.enter_async_context(words.heard(lambda _: backend.changed()))
            try:
                async with publishing(settings, reader, directory, self._bus, _Leased(backend, lease), rate=rate) as publisher:
                    self._parts.publisher = publisher
                    await asyncio.Event().wait()
            finally:
                self._backend = self._parts.publisher = None

    async def _keep(self, reader: Reader, lease: Lease, backend: Cache) -> None:
        """Keep the active prices in *backend*, for ever."""

        def keep(prices: bytes) -> None:
            if lease.holds:
                cache.set_many([active_entry(prices)])

        active = active_prices(reader, keep, self._settings.pusher_interval_ms / 1_000)
        async with Guarded(backend, timeout=self._settings.cache_timeout_ms / 1_000) as cache, self._bus.subscribe() as items:
            await active.run(items)


def active_entry(prices: bytes) -> Entry:
    """Active prices as Redis has them."""
    return Entry(ACTIVE_PRICES, prices, int(ACTIVE_SECONDS))


def active_prices(reader: Reader, keep: Callable[[bytes], None], interval: float = 1.0) -> ActivePrices:
    """Those of the store; *keep* is told them, each *interval* seconds where they run."""

    async def recent() -> list[int]:
        found = await reader.read(lambda store: store.live_prices.latest_all(MOST_ACTIVE))
        return [price.market_id for price in reversed(found) if price.time > found[0].time - ACTIVE_SECONDS]

    async def tickers(market_ids: Collection[int]) -> dict[int, str]:
        listed = await reader.read(lambda store: store.markets.listings(list(market_ids)))
        return {listing.market_id: listing.ticker for listing in listed}

    return ActivePrices(StoredSeeds(reader), recent, tickers, keep, interval=interval)


class _Leased:
    """A backend that takes nothing once *lease* has run out: another process pushes then, and knows what is newer. A push that is under
    way by then is broken off, and tried again by whoever leads.
    """

    def __init__(self, backend: Backend, lease: Lease) -> None:
        self._backend = backend
        self._lease = lease
        self.at_once = backend.at_once

    async def occupied(self) -> Collection[str]:
        return await self._backend.occupied()

    async def push(self, pushes: Sequence[Push]) -> None:
        if not (left := self._lease.left):
            raise LeaseLost("the lease ran out")
        async with asyncio.timeout(left):  # even where it is renewed meanwhile: so it is over in time, whatever becomes of that
            await self._backend.push(pushes)
