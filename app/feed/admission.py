"""Keeps the memory of large bodies within bounds: so many requests at once, and none for ever."""

from anyio import CapacityLimiter, fail_after
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.store.reader import TooManyQueries

WAITING_PER_PLACE = 25
"""Requests that may wait for each one under way."""


class Stalled(Exception):
    """The client does not take its answer."""


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
    """Middleware: *places* requests at once, each until its answer has left; a message must leave within *seconds*.

    TooManyQueries where too many wait already.
    """

    def __init__(self, app: ASGIApp, *, places: int, seconds: float) -> None:
        self._app = app
        self._limiter = CapacityLimiter(places)
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._limiter.statistics().tasks_waiting >= WAITING_PER_PLACE * self._limiter.total_tokens:
            raise TooManyQueries
        async with self._limiter:
            try:
                await self._app(scope, receive, timely(send, self._seconds))
            except Stalled:
                return  # the server breaks off an answer that does not end
