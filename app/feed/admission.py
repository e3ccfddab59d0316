"""Keeps the memory of large bodies within bounds: so many requests at once, few of one client, and none for ever."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from anyio import CapacityLimiter, fail_after
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ops.client_ip import ClientIp
from app.store.reader import TooManyQueries

WAITING_PER_PLACE = 25
"""Requests that may wait for each one under way."""

CLIENTS = 4
"""Who upload slowly, it takes so many of them to hold every place."""


class Stalled(Exception):
    """The client does not take its answer."""


class TooManyUploads(Exception):
    """The client has as many uploads under way as one may."""


def timely(send: Send, seconds: float) -> Send:
    """*send*, but Stalled where a message does not leave within *seconds*."""

    async def in_time(message: Message) -> None:
        try:
            with fail_after(seconds):
                await send(message)
        except TimeoutError:
            raise Stalled from None

    return in_time


class Admission:
    """Middleware: *places* uploads at once, a quarter of them one client's, and *places* of all other requests, each until its answer
    has left; a message must leave within *seconds*.

    TooManyQueries where too many wait already; TooManyUploads at once for what is more than a client's part.
    """

    def __init__(self, app: ASGIApp, *, places: int, seconds: float, clients: ClientIp) -> None:
        self._app = app
        self._uploads = CapacityLimiter(places)
        self._others = CapacityLimiter(places)
        self._seconds = seconds
        self._clients = clients
        self._most = max(1, places // CLIENTS)
        self._uploading: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST":
            with self._counted(self._clients.of(scope)):
                await self._admitted(self._uploads, scope, receive, send)
        else:
            await self._admitted(self._others, scope, receive, send)

    async def _admitted(self, limiter: CapacityLimiter, scope: Scope, receive: Receive, send: Send) -> None:
        if limiter.statistics().tasks_waiting >= WAITING_PER_PLACE * limiter.total_tokens:
            raise TooManyQueries
        async with limiter:
            try:
                await self._app(scope, receive, timely(send, self._seconds))
            except Stalled:
                return  # the server breaks off an answer that does not end

    @contextmanager
    def _counted(self, client: str) -> Iterator[None]:
        """Those that wait for a place count, too: so there are never more clients than uploads under way and waiting."""
        if self._uploading[client] >= self._most:
            raise TooManyUploads
        self._uploading[client] += 1
        try:
            yield
        finally:
            self._uploading[client] -= 1
            if not self._uploading[client]:
                del self._uploading[client]
