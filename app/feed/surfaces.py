"""The surfaces made of endpoints, put together: their routes, and the document that describes them."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from app.feed import docs_page, lightweight, openapi, v1
from app.feed.answering import SLOW, json
from app.feed.endpoint import Endpoint
from app.feed.failures import ENVELOPE, Failures
from app.settings import Settings

TITLE: Final = "vAMM datafeed"
ABOUT: Final = "Markets and their candles: "
ABOUT_LIGHTWEIGHT: Final = "as JSON for Lightweight Charts, and for programs."
ABOUT_V1: Final = "for programs."
ABOUT_UDF: Final = " TradingView's charting library takes `/api/tradingview` as the URL of its UDF-compatible datafeed."

PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": SLOW,
}


def mounted(endpoints: tuple[Endpoint[Any], ...], prefix: str, guards: Sequence[Middleware] = (), more: Sequence[BaseRoute] = ()) -> Mount:
    """The routes of *endpoints*, all of which begin with *prefix*, and *more* below it, behind *guards*."""
    routes: list[BaseRoute] = [Route(endpoint.path.removeprefix(prefix), endpoint.answer_to) for endpoint in endpoints]
    return Mount(prefix, Router([*routes, *more], redirect_slashes=False), middleware=[Middleware(Failures, form=ENVELOPE), *guards])


LIGHTWEIGHT: Final = partial(mounted, lightweight.ENDPOINTS, "/api/lightweight")
V1: Final = partial(mounted, v1.ENDPOINTS, "/api/v1")


def description(settings: Settings) -> tuple[Route, Route]:
    """`/openapi.json`, which describes the endpoints that *settings* switch on, and `/docs`, the same as a page."""
    made = cache(partial(document, settings))  # by whoever asks first: most processes are never asked
    shown = cache(lambda: docs_page.page(made()))

    async def described(_: Request[Any]) -> Response:
        return json(made(), SLOW)

    async def documentation(_: Request[Any]) -> Response:
        return HTMLResponse(shown(), headers=PAGE_HEADERS)

    return Route("/openapi.json", described), Route("/docs", documentation)


def document(settings: Settings) -> dict[str, Any]:
    """The OpenAPI document of the surfaces that *settings* switch on."""
    surfaces = ((settings.enable_lightweight_charts, lightweight.ENDPOINTS), (True, v1.ENDPOINTS))
    endpoints: list[Endpoint[Any]] = [endpoint for is_on, surface in surfaces if is_on for endpoint in surface]
    guarded = ["/api/v1"] if "v1" in settings.auth_routes else []
    most, most_in_files = settings.http_max_limit, max(settings.http_max_limit, settings.export_max_rows)
    about = ABOUT + (ABOUT_LIGHTWEIGHT if settings.enable_lightweight_charts else ABOUT_V1)
    about += ABOUT_UDF if settings.enable_tradingview_charts else ""
    return openapi.document(endpoints, TITLE, about, most=most, most_in_files=most_in_files, guarded=guarded)
