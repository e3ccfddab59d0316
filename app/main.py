"""The HTTP service on one page: routes, middleware, exception handlers, lifespan."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import cast

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.feed import charts, static, surfaces, tradingview
from app.feed.state import ChartLimits, State
from app.settings import Settings
from app.store.chart_desk import ChartDesk
from app.store.chart_store import ChartStore
from app.store.client import Database, open_database
from app.store.gate import RewindGate
from app.store.reader import Reader
from app.store.schema import migrate


def create_app(settings: Settings, database: Database | None = None) -> Starlette:
    """The service as *settings* say. It reads *database*, which stays open when it ends; without one it opens its own."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[State]:
        opened: AbstractContextManager[Database] = nullcontext(database) if database else await run_sync(_opened, settings)
        with opened as store:
            reader = Reader(store, RewindGate(store), concurrency=settings.max_concurrent_queries)
            yield {
                "reader": reader,
                "max_bars": settings.tradingview_max_bars,
                "default_limit": settings.http_default_limit,
                "max_limit": settings.http_max_limit,
                "marks_trade_size": settings.marks_trade_size,
                "charts": ChartDesk(ChartStore(store, most=settings.charts_max_per_user)),
                "charts_limits": ChartLimits(settings.charts_max_bytes, settings.charts_max_text, settings.charts_max_seconds),
            }

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            charts.routes(places=settings.charts_max_concurrent, seconds=settings.charts_max_seconds),  # before what its path begins with
            tradingview.ROUTES,
            surfaces.LIGHTWEIGHT,
            surfaces.V1,
            *surfaces.DESCRIPTION,
            static.ROUTES,
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_methods=["GET", "HEAD", "POST", "DELETE"],
                allow_headers=["*"],
                expose_headers=["Retry-After"],
            ),
        ],
        exception_handlers={HTTPException: failed},
        lifespan=lifespan,
    )


async def healthz(_: Request) -> Response:
    """The process is up."""
    return JSONResponse({"status": "ok"})


async def failed(_: Request, error: Exception) -> Response:
    """What the router refuses, as JSON."""
    refusal = cast(HTTPException, error)
    return JSONResponse({"error": refusal.detail}, refusal.status_code, refusal.headers)


def _opened(settings: Settings) -> Database:
    store = open_database(settings)
    if store.embedded:  # nobody else can make its tables; a server's are made by `datafeed migrate` and by the listener
        migrate(store, retention_1s_days=settings.retention_1s_days)
    return store
