"""The surfaces made of endpoints, put together: their routes, and the document that describes them."""

from typing import Any, Final

import orjson
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route

from app.feed import lightweight, openapi, v1
from app.feed.endpoint import Endpoint
from app.feed.failures import Failures, json_refusal, reason

TITLE: Final = "vAMM datafeed"
ABOUT: Final = "Markets and their candles: as JSON for Lightweight Charts, and for programs."

ENDPOINTS: Final[tuple[Endpoint[Any], ...]] = (*lightweight.ENDPOINTS, *v1.ENDPOINTS)


def failure(error: Exception) -> Response:
    """The answer to a request that *error* ended."""
    refusal = reason(error)
    return json_refusal(refusal, {"success": False, "error": refusal.message})


def mounted(endpoints: tuple[Endpoint[Any], ...], prefix: str) -> Mount:
    """The routes of *endpoints*, all of which begin with *prefix*."""
    routes = [Route(endpoint.path.removeprefix(prefix), endpoint.answer_to) for endpoint in endpoints]
    return Mount(prefix, routes=routes, middleware=[Middleware(Failures, form=failure)])


LIGHTWEIGHT: Final = mounted(lightweight.ENDPOINTS, "/api/lightweight")
V1: Final = mounted(v1.ENDPOINTS, "/api/v1")


async def described(_: Request[Any]) -> Response:
    """The OpenAPI document of the surfaces."""
    return Response(orjson.dumps(_DOCUMENT), media_type="application/json")


async def documentation(_: Request[Any]) -> Response:
    """The same as a page."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


_DOCUMENT: Final = openapi.document(ENDPOINTS, TITLE, ABOUT)
_PAGE: Final = openapi.page(_DOCUMENT)

DESCRIPTION: Final = (Route("/openapi.json", described), Route("/docs", documentation))
