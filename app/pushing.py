"""Live updates the way Pusher's clients want them, put together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Final

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Router, WebSocketRoute

from app.domain.news import News
from app.feed.directory import Directory
from app.feed.failures import Failures, told_in_text
from app.feed.holdings import StoredHoldings
from app.feed.running import StoredSeeds
from app.live.bus import Bus, heard
from app.live.current import CurrentBars
from app.live.memory import MemoryBus
from app.live.payloads import Price
from app.live.publisher import Backend, Market, Publisher
from app.live.pusher.api import LONGEST_BODY, Api
from app.live.pusher.channels import Channels
from app.live.pusher.here import Here
from app.live.pusher.signature import App
from app.live.pusher.socket import Socket
from app.live.updates import Update
from app.ops.bounds import Bounds
from app.service import Job, until
from app.settings import Settings
from app.store.gate import RewindGate
from app.store.limits import query_limits
from app.store.reader import Reader

if TYPE_CHECKING:
    from app.live.pusher.elsewhere import Elsewhere
    from app.store.client import Database

_log = logging.getLogger(__name__)

LOCAL_ID: Final = "1"  # digits: Pusher's libraries refuse anything else
LOCAL_KEY: Final = "local"

MOST_PRICES: Final = 1_000
"""Markets in `global-prices`: those that changed last."""

PAUSE: Final = 5.0
"""Seconds between two tries to begin."""

QUERIES: Final = 2
"""Under way at once, for what is pushed from beside a listener."""


class LocalPusher:
    """Our own Pusher: an app, its channels, and the routes by which clients and services get to them."""

    def __init__(self, settings: Settings) -> None:
        known = settings.pusher_local_secret.get_secret_value()
        self.app = App(LOCAL_ID, LOCAL_KEY, known or secrets.token_urlsafe(32))
        self.channels = Channels(settings.pusher_local_connections)
        self.backend = Here(self.channels)
        guards = [
            Middleware(Failures, form=told_in_text),
            Middleware(Bounds, query_bytes=settings.max_query_bytes, body_bytes=LONGEST_BODY),
        ]
        api = Api(self.app, self.channels, is_open=bool(known))
        self.routes: list[BaseRoute] = [
            WebSocketRoute("/app/{key}", Socket(self.app, self.channels).talk),
            Mount("/apps", Router(api.routes, redirect_slashes=False), middleware=guards),
        ]


def app_of(settings: Settings) -> App:
    """The app of Pusher's that is set."""
    return App(settings.pusher_app_id, settings.pusher_key, settings.pusher_secret.get_secret_value())


def local_pusher(settings: Settings) -> LocalPusher | None:
    """Our own, where live updates are on and no app of Pusher's is set."""
    return LocalPusher(settings) if settings.enable_realtime_streaming and not settings.pusher_app_id else None


class Pushing:
    """Pushes to an app of Pusher's, where one is set, what the writer in this process tells: there is one, so all is pushed once."""

    def __init__(self, settings: Settings, database: Database, bus: Bus) -> None:
        """*bus* hears all that is told, too."""
        self._settings = settings
        self._database = database
        self._bus = bus
        self._here = MemoryBus(settings.bus_queue_rows)
        self._backend: Elsewhere | None = None

    def tell(self, news: News) -> None:
        """Hand it to the writer as `on_news`."""
        self._bus.publish(news)
        self._here.publish(news)

    def occupied(self) -> None:
        """Other channels are occupied now; to be called in the event loop of `jobs`."""
        if self._backend:
            self._backend.changed()

    @property
    def jobs(self) -> list[Job]:
        """What is to run beside the writer."""
        return [self._job] if self._settings.enable_realtime_streaming and self._settings.pusher_app_id else []

    async def _job(self, stop: asyncio.Event) -> None:
        await until(stop, self._for_ever())

    async def _for_ever(self) -> None:
        while True:
            try:
                await self._run()
            except Exception as error:  # the writer goes on, whatever becomes of this
                _log.warning("live updates cannot be pushed, and are tried again: %s", error)
            await asyncio.sleep(PAUSE)

    async def _run(self) -> None:
        from app.live.pusher.elsewhere import elsewhere  # slow to import, and most processes have no need of it

        settings = self._settings
        async with self._here.subscribe() as items:
            await anext(items)  # a process that waits for its turn to write pushes nothing
        limited = await asyncio.to_thread(self._database.limited, query_limits(settings), size=QUERIES)
        where = {"cluster": settings.pusher_cluster, "url": settings.pusher_url}
        with limited as store:
            reader = Reader(store, RewindGate(store), concurrency=QUERIES)
            directory = Directory(lambda name: reader.read(lambda store: store.markets.market(name)))
            rate = settings.pusher_max_messages_per_second or None
            async with (
                elsewhere(app_of(settings), **where, poll=settings.pusher_poll_ms / 1_000) as backend,
                publishing(settings, reader, directory, self._here, backend, rate=rate),
            ):
                self._backend = backend
                await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def publishing(
    settings: Settings, reader: Reader, directory: Directory, bus: Bus, backend: Backend, *, rate: float | None = None
) -> AsyncIterator[Publisher]:
    """Push what *bus* tells of markets that somebody watches to *backend*, until the block ends."""

    async def find(symbol: str) -> Market | None:
        listing = await directory.market(symbol)
        return Market(listing.market_id, listing.ticker) if listing else None

    async def prices() -> list[Price]:
        found = await reader.read(lambda store: store.live_prices.latest_all(MOST_PRICES))
        listed = await reader.read(lambda store: store.markets.listings([price.market_id for price in found]))
        tickers = {listing.market_id: listing.ticker for listing in listed}
        return [
            Price(price.market_id, tickers[price.market_id], float(price.mark_price), price.time)
            for price in found
            if price.market_id in tickers
        ]

    def tell(updates: Sequence[Update]) -> None:
        publisher.tell(updates)

    bars = CurrentBars(StoredSeeds(reader), tell)
    publisher = Publisher(backend, bars, find, prices, StoredHoldings(reader), interval=settings.pusher_interval_ms / 1_000, rate=rate)
    async with bus.subscribe() as items, heard(bus, publisher.hear):
        tasks = {asyncio.create_task(bars.run(items)), asyncio.create_task(publisher.run())}
        for task in tasks:
            task.add_done_callback(_ended)
        try:
            yield publisher
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("live updates have ended", exc_info=error)
