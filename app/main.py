"""The HTTP service on one page: routes, middleware, exception handlers, lifespan."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount

from app import streams
from app.cache.opening import answers_budget, lists_cache
from app.domain.hint import Hint
from app.feed import charts, ingest, site, static, surfaces, tradingview
from app.feed.candles import candle_pages
from app.feed.directory import FRESH, TOLD_FRESH, Directory
from app.feed.failures import ENVELOPE, PLAIN, UDF, Failures, passed_on
from app.feed.internal import InternalHooks
from app.feed.pusher import PusherHooks
from app.feed.ready import Ready, Repeated
from app.feed.state import ChartLimits, State
from app.heeding import heeding
from app.live.bus import Bus, heard
from app.news import bus_of, invalidate, naming, occupations_of
from app.observing import Observing
from app.ops.access import Access
from app.ops.bounds import Bounds
from app.ops.client_ip import ClientIp
from app.ops.compression import Compression
from app.ops.edge import Edge
from app.ops.origins import Origins
from app.ops.rate_limits import RateLimits, limits_of, windows_of
from app.ops.reports import reporting
from app.ops.traces import traced
from app.ops.validators import Validators
from app.ops.windows import Windows
from app.parts import Parts
from app.pushing import app_of, local_pusher, publishing
from app.rounds import Rounds
from app.settings import Settings
from app.store.chart_desk import ChartDesk
from app.store.chart_store import ChartStore
from app.store.client import CHART_CONNECTIONS, Database, open_database
from app.store.exports import CONNECTIONS, Exports
from app.store.gate import OwnGate, RewindGate
from app.store.limits import query_limits
from app.store.market_reader import Listing
from app.store.reader import Reader
from app.store.schema import migrate_as_set

if TYPE_CHECKING:
    from app.ops.shared_windows import SharedWindows

STORAGE = "storage"
INGEST = "ingest"
PUSHER = "pusher"

BODIES = {STORAGE: None, INGEST: ingest.LONGEST_BODY}
"""Bytes of a body on surfaces where it is not as for all others; None where the surface sees to that itself."""

FORMS = (("tradingview", UDF), ("lightweight", ENVELOPE), ("v1", ENVELOPE))
"""The surfaces whose answers are given again, and how they tell failures."""

Surface = Callable[[Sequence[Middleware]], Mount]
"""Makes the routes below one path, behind the guards it is given, whose refusals it tells in its own form."""


def create_app(
    settings: Settings,
    database: Database | None = None,
    bus: Bus | None = None,
    on_occupied: Callable[[], None] = lambda: None,
    on_hint: Callable[[Hint], None] | None = None,
    parts: Parts | None = None,
) -> Starlette:
    """The service as *settings* say. It reads *database*, which stays open when it ends; without one it opens its own.

    What is written is heard of on *bus*, which is open while the service runs; without one it opens its own. *on_occupied* is called
    when Pusher says that other channels are occupied now. *on_hint* is told of blocks that may be new, where a listener runs beside this.
    What runs is put into *parts*, those of the process.
    """
    parts = parts or Parts()
    windows = parts.windows = windows_of(settings)
    local = parts.local = local_pusher(settings)
    when_occupied = [on_occupied]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        async with AsyncExitStack() as stack:
            if database is None:  # else whoever lends it reports
                stack.enter_context(reporting(settings))
            opened: AbstractContextManager[Database] = nullcontext(database) if database else await run_sync(_opened, settings)
            store = parts.database = stack.enter_context(opened)
            limited = stack.enter_context(await run_sync(_limited, store, settings, settings.max_concurrent_queries + CONNECTIONS))
            saved = stack.enter_context(await run_sync(_limited, store, settings, CHART_CONNECTIONS))
            if not isinstance(windows, Windows):
                await stack.enter_async_context(windows)
            alone = store.embedded and (database is None or bus is not None)  # no other process can write, and this one tells
            gate = OwnGate(limited, store) if alone else RewindGate(limited)
            reader = parts.reader = Reader(limited, gate, concurrency=settings.max_concurrent_queries)
            name = await reader.read(lambda store: store.standings.identity())
            candles = parts.candles = await stack.enter_async_context(candle_pages(settings, reader, name, alone=alone))
            find = partial(_listing, reader)
            directory = Directory(find, fresh=TOLD_FRESH if alone else FRESH)
            ready = parts.ready = Ready(candles.known, answers_budget(settings))
            told = parts.bus = bus or bus_of(settings, store)
            if not bus:
                await stack.enter_async_context(told)
            await stack.enter_async_context(heard(told, partial(invalidate, candles, directory, ready)))
            connections = parts.connections = await stack.enter_async_context(streams.streaming(settings, told, reader))
            if settings.metrics_port is None:
                await stack.enter_async_context(observing.sampled())
            lists = parts.lists = await stack.enter_async_context(lists_cache(settings))
            if words := occupations_of(settings, store):
                tell = await stack.enter_async_context(words.telling())
                when_occupied.append(partial(tell, True))
            if local:
                await stack.enter_async_context(local.relaying(naming(store)))
                parts.publisher = await stack.enter_async_context(publishing(settings, reader, directory, told, local.backend))
            yield {
                "heed": await stack.enter_async_context(heeding(settings, store, told.publish, on_hint)),
                "connections": connections,
                "round": Rounds(settings, store, reader, directory).round,
                "ready": ready,
                "reader": reader,
                "candles": candles,
                "directory": directory,
                "max_bars": settings.tradingview_max_bars,
                "default_limit": settings.http_default_limit,
                "max_limit": settings.http_max_limit,
                "exports": Exports(limited, gate),
                "export_max_rows": settings.export_max_rows,
                "funding_interval": settings.funding_interval_s,
                "marks_trade_size": settings.marks_trade_size,
                "lists": lists,
                "list_seconds": settings.market_data_cache_ttl,
                "tier_volumes": settings.tier_volumes,
                "charts": ChartDesk(ChartStore(saved, most=settings.charts_max_per_user)),
                "charts_limits": ChartLimits(settings.charts_max_bytes, settings.charts_max_text, settings.charts_max_seconds),
            }

    observing = Observing(settings, parts, site.links(markets=settings.enable_lightweight_charts))
    service = Starlette(
        routes=[
            *guarded(settings, windows, PusherHooks(local.app if local else app_of(settings), settings, when_occupied)),
            *(local.routes if local else ()),
            *observing.routes,
            *(observing.operators if settings.metrics_port is None else ()),
            *surfaces.description(settings),
            *pages(settings),
            static.ROUTES,
        ],
        middleware=[
            Middleware(Edge, origins=Origins(settings.cors_origins), requests=parts.requests),
            *traced(settings),
            Middleware(Compression),
            Middleware(Validators),
            Middleware(
                Repeated, guards={name: [Middleware(Failures, form=form), *guards(settings, windows, name)] for name, form in FORMS}
            ),
            Middleware(Failures, form=PLAIN),
        ],
        exception_handlers={HTTPException: passed_on},
        lifespan=lifespan,
    )
    parts.requests.learn(service.routes)
    service.router.redirect_slashes = False  # to another address, by whatever host the client says that we are
    return service


def guarded(settings: Settings, windows: Windows | SharedWindows, hooks: PusherHooks) -> list[BaseRoute]:
    """Everything that is switched on, each behind its guards."""
    clients = ClientIp(settings.trusted_proxies)
    saved = partial(charts.routes, places=settings.charts_max_concurrent, seconds=settings.charts_max_seconds, clients=clients)
    lightweight, udf = surfaces.LIGHTWEIGHT, tradingview.routes
    live: list[BaseRoute] = []
    if settings.enable_realtime_streaming:
        lightweight = partial(lightweight, more=[streams.LIGHTWEIGHT_ROUTE])
        udf = partial(udf, more=[streams.TRADINGVIEW_ROUTE])
        live += streams.routes(guards(settings, windows, "streams"))
    switches: list[tuple[bool, str, Surface]] = [
        (settings.enable_tradingview_charts, STORAGE, saved),  # before what its path begins with
        (settings.enable_tradingview_charts, "tradingview", udf),
        (settings.enable_lightweight_charts, "lightweight", lightweight),
        (settings.enable_realtime_streaming, PUSHER, hooks.routes),
        (settings.takes_hints, INGEST, ingest.Webhooks(settings).routes),
        (settings.enable_realtime_streaming, "internal", InternalHooks(settings).routes),
        (True, "v1", surfaces.V1),
    ]
    made = [make(guards(settings, windows, name)) for is_on, name, make in switches if is_on]
    return [*made, *live]


def pages(settings: Settings) -> list[BaseRoute]:
    """Pages for people, where these and what they ask for are switched on."""
    found: list[BaseRoute] = []
    if settings.enable_page and settings.enable_lightweight_charts:
        found += site.routes(streaming=settings.enable_realtime_streaming, status=settings.metrics_port is None)
    if settings.enable_page and settings.enable_tradingview_charts:
        found += site.advanced(settings.tradingview_library_dir, storage=STORAGE not in settings.auth_routes)
    return found


def guards(settings: Settings, windows: Windows | SharedWindows, name: str) -> list[Middleware]:
    """What stands before the routes of surface *name*, outermost first."""
    body_bytes = BODIES.get(name, settings.max_body_bytes)
    found = [Middleware(Bounds, query_bytes=settings.max_query_bytes, body_bytes=body_bytes)]
    if limits := limits_of(settings):
        found.append(Middleware(RateLimits, limits=limits, windows=windows, clients=ClientIp(settings.trusted_proxies)))
    if name in settings.auth_routes and name != PUSHER:  # which sees to that itself: webhooks have none
        found.append(Middleware(Access, settings=settings))
    return found


def _opened(settings: Settings) -> Database:
    store = open_database(settings)
    if store.embedded:  # nobody else can make its tables; a server's are made by `datafeed migrate` and by the listener
        migrate_as_set(store, settings)
    return store


async def _listing(reader: Reader, ticker: str) -> Listing | None:
    return await reader.read(lambda store: store.markets.market(ticker))


def _limited(store: Database, settings: Settings, size: int) -> Database:
    return store.limited(query_limits(settings), size=size)
