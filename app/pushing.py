"""Live updates the way Pusher's clients want them, put together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, Router, WebSocketRoute
from starlette.websockets import WebSocket

from app.feed.directory import Directory
from app.feed.failures import Failures, told_in_text
from app.feed.holdings import StoredHoldings
from app.feed.running import StoredSeeds
from app.live.bus import Bus, heard
from app.live.current import CurrentBars
from app.live.delivery import Backend
from app.live.opening import Store, finding
from app.live.payloads import Price
from app.live.publisher import Market, Publisher
from app.live.pusher.api import LONGEST_BODY, Api
from app.live.pusher.audience import Audience
from app.live.pusher.channels import Channels, Event
from app.live.pusher.here import Here
from app.live.pusher.protocol import Code
from app.live.pusher.relay import Relay
from app.live.pusher.signature import App
from app.live.pusher.socket import Socket
from app.live.updates import Update
from app.ops.bounds import Bounds
from app.ops.farewell import CODE_KEY
from app.settings import Settings
from app.store.reader import Reader

if TYPE_CHECKING:
    from app.live.pusher.elsewhere import Elsewhere

_log = logging.getLogger(__name__)

LOCAL_ID: Final = "1"  # digits: Pusher's libraries refuse anything else

NO_SECRET: Final = (
    "PUSHER_LOCAL_SECRET is not set: if several processes serve, what one signs for a private channel is refused by the others. Set the "
    "same secret in each"
)

MOST_PRICES: Final = 1_000
"""Markets in `global-prices`: those that changed last."""


class LocalPusher:
    """Our own Pusher: an app, its channels, and the routes by which clients and services get to them."""

    def __init__(self, settings: Settings) -> None:
        known = settings.pusher_local_secret.get_secret_value()
        self.app = App(LOCAL_ID, settings.pusher_local_key, known or secrets.token_urlsafe(32))
        self.channels = Channels(settings.pusher_local_connections)
        self.backend = Here(self.channels)
        self._relay: Relay | None = None
        self._relays = settings if known and settings.has_redis else None
        guards = [
            Middleware(Failures, form=told_in_text),
            Middleware(Bounds, query_bytes=settings.max_query_bytes, body_bytes=LONGEST_BODY),
        ]
        self.audience = Audience(self.channels)
        self.socket = Socket(self.app, self.channels)
        api = Api(self.app, self.audience, self._tell, is_open=bool(known))

        async def talk(websocket: WebSocket) -> None:
            websocket.scope[CODE_KEY] = Code.RECONNECT
            await self.socket.talk(websocket)

        self.routes: list[BaseRoute] = [
            WebSocketRoute("/app/{key}", talk),
            Mount("/apps", Router(api.routes, redirect_slashes=False), middleware=guards),
        ]

    @contextlib.asynccontextmanager
    async def relaying(self, store: Store) -> AsyncIterator[None]:
        """Have what services trigger in other processes on *store* told here, and there what they trigger here, until the block ends."""
        if self._relays is None:  # nobody can trigger anything, or there is no way
            yield
            return
        async with Relay(finding(self._relays, store, "pusher"), self.channels, self.audience) as self._relay:
            yield

    def _tell(self, event: Event) -> None:
        self.channels.tell(event)
        if self._relay:
            self._relay.send(event)


def app_of(settings: Settings) -> App:
    """The app of Pusher's that is set."""
    return App(settings.pusher_app_id, settings.pusher_key, settings.pusher_secret.get_secret_value())


def local_pusher(settings: Settings) -> LocalPusher | None:
    """Our own, where live updates are on and no app of Pusher's is set."""
    if not settings.enable_realtime_streaming or settings.pusher_app_id:
        return None
    has_users = bool(settings.api_keys_sha256 or settings.jwt_key)
    if settings.has_redis and has_users and not settings.pusher_local_secret.get_secret_value():
        _log.warning(NO_SECRET)
    return LocalPusher(settings)


def finding_markets(directory: Directory) -> Callable[[str], Awaitable[Market | None]]:
    """Looks markets up by what channels call them."""

    async def find(symbol: str) -> Market | None:
        listing = await directory.market(symbol)
        return Market(listing.market_id, listing.ticker) if listing else None

    return find


async def last_prices(reader: Reader) -> list[Price]:
    """The last prices of markets, of those that changed last."""
    found = await reader.read(lambda store: store.live_prices.latest_all(MOST_PRICES))
    listed = await reader.read(lambda store: store.markets.listings([price.market_id for price in found]))
    tickers = {listing.market_id: listing.ticker for listing in listed}
    return [
        Price(price.market_id, tickers[price.market_id], float(price.mark_price), price.time)
        for price in found
        if price.market_id in tickers
    ]


@contextlib.asynccontextmanager
async def app_elsewhere(settings: Settings) -> AsyncIterator[Elsewhere]:
    """The way to the app of Pusher's that is set, until the block ends."""
    from app.live.pusher.elsewhere import elsewhere  # slow to import, and most processes have no need of it

    where = {"cluster": settings.pusher_cluster, "url": settings.pusher_url}
    async with elsewhere(app_of(settings), **where, poll=settings.pusher_poll_ms / 1_000) as backend:
        yield backend


@contextlib.asynccontextmanager
async def publishing(
    settings: Settings, reader: Reader, directory: Directory, bus: Bus, backend: Backend, *, rate: float | None = None
) -> AsyncIterator[Publisher]:
    """Push what *bus* tells of markets that somebody watches to *backend*, until the block ends."""

    def tell(updates: Sequence[Update]) -> None:
        publisher.tell(updates)

    bars = CurrentBars(StoredSeeds(reader), tell)
    prices, holdings = partial(last_prices, reader), StoredHoldings(reader)
    interval = settings.pusher_interval_ms / 1_000
    publisher = Publisher(backend, bars, finding_markets(directory), prices, holdings, interval=interval, rate=rate)
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
