"""Every failure of the datafeed as the charting library understands it: JSON with `s: "error"` and a text."""

import logging
import uuid
from collections.abc import Mapping

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.store.client import StoreError
from app.store.reader import MarketBusy, TooManyQueries

logger = logging.getLogger(__name__)

RETRY_AFTER = {"Retry-After": "5"}
"""Seconds: longer than most rewinds and restarts take."""


class UdfError(Exception):
    """A request that cannot be answered: the HTTP status, and a text for whoever made it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class UdfFailures:
    """Middleware that turns whatever is raised below it into a UDF answer. What nobody expected is logged under an id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            await failure(error)(scope, receive, send)


def failure(error: Exception) -> Response:
    """The answer to a request that *error* ended."""
    match error:
        case UdfError():
            return _answer(error.status, str(error))
        case HTTPException(status_code=404):
            return _answer(404, "there is no such endpoint: config, symbols, search, history and time are")
        case HTTPException(status_code=405):
            return _answer(405, "the datafeed only answers GET", error.headers)
        case HTTPException():
            return _answer(error.status_code, error.detail or "refused", error.headers)
        case MarketBusy():
            return _answer(503, "this market is being corrected after a chain reorganisation; ask again in a few seconds", RETRY_AFTER)
        case TooManyQueries():
            return _answer(503, "too many requests are waiting; ask again in a few seconds", RETRY_AFTER)
        case StoreError():
            logger.warning("the store did not answer: %s", error)
            return _answer(503, "the store of candles does not answer; ask again in a few seconds", RETRY_AFTER)
        case _:
            incident = uuid.uuid4().hex[:12]
            logger.error("incident %s", incident, exc_info=error)
            return _answer(500, f"something went wrong here; the log has it as incident {incident}")


def _answer(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = orjson.dumps({"s": "error", "errmsg": message})
    return Response(body, status, headers, media_type="application/json")
