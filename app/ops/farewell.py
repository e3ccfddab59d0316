"""Ends the WebSockets of a server that stops: it waits for its connections, and clients are to know that they may come back."""

import asyncio
import contextlib
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

GOING_AWAY: Final = 1001

REASON: Final = "the server stops"

CODE_KEY: Final = "farewell"
"""Of a connection's scope: the code that its protocol has for that, where it is none of WebSockets' own."""

PATIENCE: Final = 3.0
"""Seconds in which clients must take it."""


class Farewell:
    """*app*, whose WebSockets are disconnected by `say`: with code 1001, unless their scope has another. All in one event loop."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open: set[asyncio.Future[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        ended = asyncio.Event()

        async def receiving() -> Message:
            taking = asyncio.ensure_future(receive())
            either: set[asyncio.Future[Any]] = {taking, over}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not taking.done():
                    taking.cancel()
            if not over.done():
                return taking.result()
            if not ended.is_set():
                ended.set()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        await send({"type": "websocket.close", "code": scope.get(CODE_KEY, GOING_AWAY), "reason": REASON})
            return {"type": "websocket.disconnect", "code": GOING_AWAY, "reason": REASON}

        async def sending(message: Message) -> None:
            if not over.done():
                await send(message)

        self._open.add(over)
        try:
            await self._app(scope, receiving, sending)
        finally:
            self._open.discard(over)

    async def say(self) -> None:
        """Disconnect all clients, and wait for that; but not for those who do not take it."""
        for over in self._open:
            over.set_result(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._open:  # noqa: ASYNC110 (once a process)
                    await asyncio.sleep(0.01)
