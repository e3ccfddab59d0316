"""How long requests take, told to Sentry for a share of them."""

import random
from datetime import UTC, datetime

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ops.reports import trace
from app.ops.request_id import CURRENT
from app.settings import Settings

LONGEST_PATH = 200
"""Characters."""


def traced(settings: Settings) -> list[Middleware]:
    """The middleware, where the settings ask for it: others' requests pass nothing."""
    rate = settings.sentry_traces_sample_rate if settings.sentry_dsn else 0
    return [Middleware(Traces, rate=rate)] if rate else []


class Traces:
    """Reports method, path, status and time of requests, drawn at *rate*. No headers, query or client."""

    def __init__(self, app: ASGIApp, rate: float) -> None:
        self._app = app
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or random.random() >= self._rate:
            await self._app(scope, receive, send)
            return
        begun, status = datetime.now(UTC), 500

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        finally:
            _report(f"{scope['method']} {scope['path'][:LONGEST_PATH]}", begun, status)


def _report(name: str, begun: datetime, status: int) -> None:
    import sentry_sdk

    request_id = CURRENT.get()
    outcome = "ok" if status < 400 else "internal_error" if status >= 500 else "invalid_argument"
    sentry_sdk.capture_event(
        {
            "type": "transaction",
            "transaction": name,
            "transaction_info": {"source": "url"},
            "start_timestamp": begun,
            "timestamp": datetime.now(UTC),
            "contexts": {"trace": {**trace(request_id), "op": "http.server", "status": outcome}},
            "tags": {"request_id": request_id, "http.status_code": str(status)},
        }
    )
