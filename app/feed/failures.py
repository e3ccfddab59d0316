"""What a request can fail with, and how that is told: each surface has a form of its own, the reasons are the same."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.domain.hint import NotReadYet
from app.ops.request_id import CURRENT, new_id
from app.store.client import StoreError
from app.store.exports import TooManyExports
from app.store.limits import QueryTooLarge, QueryTooSlow
from app.store.reader import MarketBusy, TooManyQueries

logger = logging.getLogger(__name__)

RETRY_AFTER = {"Retry-After": "5"}
"""Seconds: longer than most rewinds and restarts take."""


class RequestError(Exception):
    """A request that cannot be answered: the HTTP status, and a text for whoever made it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class UdfError(RequestError):
    """A request to the datafeed that cannot be answered."""


class Refusal(NamedTuple):
    """Status, text and headers of an answer that tells a failure."""

    status: int
    message: str
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Form:
    """How a surface tells of failures: the JSON object around a text, and what it says of unknown routes and methods."""

    body: Callable[[str], Mapping[str, object]]
    no_route: str = ""
    no_method: str = ""

    def __call__(self, error: Exception) -> Response:
        """The answer to a request that *error* ended."""
        refusal = reason(error)
        if isinstance(error, HTTPException):
            said = {404: self.no_route, 405: self.no_method}.get(error.status_code)
            refusal = refusal._replace(message=said or refusal.message)
        return json_refusal(refusal, self.body(refusal.message))


PLAIN: Final = Form(lambda message: {"error": message})
"""Where no surface has a form of its own."""

UDF: Final = Form(
    lambda message: {"s": "error", "errmsg": message},
    "the datafeed has no such endpoint",
    "the datafeed only answers GET",
)
"""As TradingView's charting library understands it."""

ENVELOPE: Final = Form(lambda message: {"success": False, "error": message})
"""Of surfaces for programs."""


def told_in_text(error: Exception) -> Response:
    """As Pusher's HTTP API tells failures: the text alone."""
    refusal = reason(error)
    return PlainTextResponse(refusal.message, refusal.status, refusal.headers)


class Failures:
    """Middleware that turns whatever is raised below it into an answer of the surface's *form*; of a WebSocket until it is accepted."""

    def __init__(self, app: ASGIApp, form: Callable[[Exception], Response]) -> None:
        self._app = app
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
            if not begun and message["type"] == "websocket.close":  # how routes say that there is none
                raise HTTPException(404)
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        except ClientDisconnect:
            return  # nobody is there to be told
        except Exception as error:
            if begun:  # there is no second answer: the server breaks the connection off
                raise
            await self._form(error)(scope, receive, send)


async def passed_on(_: Request, error: Exception) -> Response:
    """Starlette's handler of HTTPException: none, so that `Failures` of the surface at hand gets it, too."""
    raise error


def reason(error: Exception) -> Refusal:
    """What is told of *error* on any surface. What nobody expected is logged under an id."""
    match error:
        case RequestError():
            return Refusal(error.status, str(error))
        case HTTPException():
            return Refusal(error.status_code, error.detail or "refused", error.headers)
        case MarketBusy():
            return Refusal(503, "this market is being corrected after a chain reorganisation; ask again in a few seconds", RETRY_AFTER)
        case TooManyQueries():
            return Refusal(503, "too many requests are waiting; ask again in a few seconds", RETRY_AFTER)
        case TooManyExports():
            return Refusal(503, "others are fetching files; ask again in a few seconds", RETRY_AFTER)
        case NotReadYet():
            return Refusal(503, str(error), RETRY_AFTER)
        case QueryTooLarge():
            logger.warning("a query was too large: %s", error)
            return Refusal(400, "this asks for too much at once: ask for a shorter time, or for less")
        case QueryTooSlow():
            logger.warning("a query took too long: %s", error)
            return Refusal(503, "this took too long: ask for less at once, or again in a few seconds", RETRY_AFTER)
        case StoreError():
            logger.warning("the store did not answer: %s", error)
            return Refusal(503, "the store does not answer; ask again in a few seconds", RETRY_AFTER)
        case _:
            incident = CURRENT.get() or new_id()
            logger.error("incident %s", incident, exc_info=error, extra={"request_id": incident})
            return Refusal(500, f"something went wrong here; the log has it as incident {incident}")


def json_refusal(refusal: Refusal, body: Mapping[str, object]) -> Response:
    """*body* with the status and headers of *refusal*."""
    return Response(orjson.dumps(body), refusal.status, refusal.headers, media_type="application/json")
