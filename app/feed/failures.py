"""What a request can fail with, and how that is told: each surface has a form of its own, the reasons are the same."""

import logging
import uuid
from collections.abc import Callable, Mapping
from typing import NamedTuple

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.store.client import StoreError
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


class Failures:
    """Middleware that turns whatever is raised below it into an answer of the surface's *form*."""

    def __init__(self, app: ASGIApp, form: Callable[[Exception], Response]) -> None:
        self._app = app
        self._form = form

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noticed(message: Message) -> None:
            nonlocal begun
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


class UdfFailures(Failures):
    """The middleware of the datafeed, whose client understands JSON with `s: "error"` and a text."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, failure)


def failure(error: Exception) -> Response:
    """The datafeed's answer to a request that *error* ended."""
    match error:
        case HTTPException(status_code=404):
            refusal = Refusal(404, "the datafeed has no such endpoint")
        case HTTPException(status_code=405):
            refusal = Refusal(405, "the datafeed only answers GET", error.headers)
        case _:
            refusal = reason(error)
    return json_refusal(refusal, {"s": "error", "errmsg": refusal.message})


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
        case StoreError():
            logger.warning("the store did not answer: %s", error)
            return Refusal(503, "the store does not answer; ask again in a few seconds", RETRY_AFTER)
        case _:
            incident = uuid.uuid4().hex[:12]
            logger.error("incident %s", incident, exc_info=error)
            return Refusal(500, f"something went wrong here; the log has it as incident {incident}")


def json_refusal(refusal: Refusal, body: Mapping[str, object]) -> Response:
    """*body* with the status and headers of *refusal*."""
    return Response(orjson.dumps(body), refusal.status, refusal.headers, media_type="application/json")
