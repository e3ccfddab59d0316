"""The publisher's way to Pusher, or to whatever speaks its HTTP API, by Pusher's own library."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from json import JSONDecodeError
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from pusher import Pusher
from pusher.errors import PusherBadRequest, PusherBadStatus
from pusher.http import process_response

from app.live.delivery import Refused
from app.live.due import Push
from app.live.pusher.signature import App
from app.live.topics import PREFIXES

ANSWER_SECONDS: Final = 5.0
"""For one call."""

LONGEST_ANSWER: Final = 4 * 1024 * 1024
"""Bytes: names of channels, 10,000 and more."""


class _Transport:
    """What the library sends its requests by: connections that are kept, and bounded answers."""

    def __init__(self, client: Any, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send_request(self, request: Any) -> Any:
        async with asyncio.timeout(ANSWER_SECONDS):
            async with self._session.request(
                request.method, request.base_url + request.path, params=request.query_params, data=request.body, headers=request.headers
            ) as response:
                body = await response.content.read(LONGEST_ANSWER)
                while len(body) < LONGEST_ANSWER and (more := await response.content.read(LONGEST_ANSWER - len(body))):
                    body += more
        return process_response(response.status, body.decode(errors="replace"))


class Elsewhere:
    """A publisher's backend. Which channels are occupied is asked each *poll* seconds, and when `changed` was called."""

    at_once = 10

    def __init__(self, client: Pusher, poll: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._poll = poll
        self._clock = clock
        self._occupied: Collection[str] = ()
        self._asked = float("-inf")

    def changed(self) -> None:
        """Some channel was occupied or vacated."""
        self._asked = float("-inf")

    async def occupied(self) -> Collection[str]:
        now = self._clock()
        if now - self._asked >= self._poll:
            found: dict[str, Any] = {}
            for prefix in PREFIXES:
                found |= (await self._client.channels_info(prefix))["channels"]
            self._occupied, self._asked = found.keys(), now
        return self._occupied

    async def push(self, pushes: Sequence[Push]) -> None:
        try:
            await self._client.trigger_batch([{"channel": push.channel, "name": push.name, "data": push.data} for push in pushes])
        except JSONDecodeError:
            raise  # of the answer
        except (PusherBadRequest, ValueError) as error:  # the library finds out by itself what Pusher would not take
            raise Refused(str(error)) from None
        except PusherBadStatus as error:
            if str(error).startswith("413"):
                raise Refused(str(error)) from None
            raise


@contextlib.asynccontextmanager
async def elsewhere(app: App, *, cluster: str, url: str, poll: float) -> AsyncIterator[Elsewhere]:
    """The backend for *app* of Pusher's *cluster*, or at *url* where there is one, until the block ends."""
    async with aiohttp.ClientSession() as session:
        where: dict[str, Any] = {"cluster": cluster}
        if url:
            parts = urlsplit(url)
            where = {"host": parts.hostname, "port": parts.port, "ssl": parts.scheme == "https"}
        client = Pusher(app.id, app.key, app.secret, backend=_Transport, session=session, **where)
        yield Elsewhere(client, poll)
