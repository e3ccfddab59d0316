"""Live updates put together: what hears the news of the store, and the WebSockets that tell it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from functools import partial

from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute

from app.feed.bar_stream import LIGHTWEIGHT, TRADINGVIEW, BarStream
from app.feed.binance_stream import BinanceStream
from app.feed.failures import PLAIN, Failures
from app.feed.running import StoredSeeds
from app.feed.streaming import stream
from app.live.bus import Bus
from app.live.connection import StreamBounds
from app.live.connections import Connections
from app.live.hub import Hub
from app.settings import Settings
from app.store.reader import Reader


@contextlib.asynccontextmanager
async def streaming(settings: Settings, bus: Bus, reader: Reader) -> AsyncIterator[Connections]:
    """The WebSockets of this process, told what is heard on *bus* until the block ends."""
    hub = Hub(StoredSeeds(reader))
    async with bus.subscribe() as items:
        telling = asyncio.create_task(hub.run(items))
        try:
            yield Connections(hub, bounds_of(settings))
        finally:
            telling.cancel()
            await asyncio.wait({telling})


def bounds_of(settings: Settings) -> StreamBounds:
    """What the settings say of each connection."""
    return StreamBounds(
        connections=settings.ws_max_connections,
        messages=settings.ws_send_queue_max_msgs,
        bytes=settings.ws_send_queue_max_bytes,
        stall_seconds=settings.ws_stall_timeout_ms / 1_000,
        partials=settings.ws_emit_partials,
        throttle_seconds=settings.ws_partial_throttle_ms / 1_000,
    )


def routes(guards: Sequence[Middleware] = ()) -> list[WebSocketRoute]:
    """Binance's streams behind *guards*."""
    before = [Middleware(Failures, form=PLAIN), *guards]
    return [stream("/ws", BinanceStream, before), stream("/stream", partial(BinanceStream, combined=True), before)]


LIGHTWEIGHT_ROUTE = stream("/realtime", partial(BarStream, dialect=LIGHTWEIGHT))
TRADINGVIEW_ROUTE = stream("/stream", partial(BarStream, dialect=TRADINGVIEW))
"""Below their surfaces."""
