"""The surfaces made of endpoints, put together: their routes, and the document that describes them."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from app.feed import lightweight, openapi, v1
from app.feed.answering import SLOW, json
from app.feed.endpoint import Endpoint
from app.feed.failures import ENVELOPE, Failures

TITLE: Final = "vAMM datafeed"
ABOUT: Final = "Markets and their candles: as JSON for Lightweight Charts, and for programs."

PAGE_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": SLOW,
}

ENDPOINTS: Final[tuple[Endpoint[Any], ...]] = (*lightweight.ENDPOINTS, *v1.ENDPOINTS)


def mounted(endpoints: tuple[Endpoint[Any], ...], prefix: str, guards: Sequence[Middleware] = ()) -> Mount:
    """The routes of *endpoints*, all of which begin with *prefix*, behind *guards*."""
    routes = [Route(endpoint.path.removeprefix(prefix), endpoint.answer_to) for endpoint in endpoints]
    return Mount(prefix, routes=routes, middleware=[Middleware(Failures, form=ENVELOPE), *guards])


LIGHTWEIGHT: Final = partial(mounted, lightweight.ENDPOINTS, "/api/lightweight")
V1: Final = partial(mounted, v1.ENDPOINTS, "/api/v1")


async def described(_: Request[Any]) -> Response:
    """The OpenAPI document of the surfaces."""
    return json(_DOCUMENT, SLOW)


async def documentation(_: Request[Any]) -> Response:
    """The same as a page."""
    return HTMLResponse(_PAGE, headers=PAGE_HEADERS)


_DOCUMENT: Final = openapi.document(ENDPOINTS, TITLE, ABOUT)
_PAGE: Final = openapi.page(_DOCUMENT)

DESCRIPTION: Final = (Route("/openapi.json", described), Route("/docs", documentation))
