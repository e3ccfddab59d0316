"""What hypercorn's WebSockets lack: a short way for what many are told, pings and waits that end with their connection, bounds."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Coroutine
from functools import lru_cache, partial
from typing import Any, Final

import hypercorn.protocol.h2
import hypercorn.protocol.h11
from hypercorn.config import Config
from hypercorn.protocol.events import Body, Data, EndData, Event, Request, StreamClosed
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, WSStream
from hypercorn.typing import ASGIReceiveEvent, ASGISendEvent
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from app.ops.connections import cut

WRITE: Final = "datafeed.write"
"""An extension of the scope of WebSockets over HTTP/1: `write(text) -> bool`. It hands a message over at once, or says that it does not:
then it is to be sent. Nobody may send another meanwhile."""

ENDED: Final = "datafeed.ended"
"""The extension that the scope of a WebSocket gets when this server ends it by itself: the close code, for who counts them."""

FULL: Final = 65_536
"""Bytes that the event loop keeps for a connection when no more are handed over at once: as many as sending waits with."""

NO_ANSWER: Final = "no answer to a ping"
"""Why a connection is ended."""

TOO_LONG: Final = "the message is too long"
"""Likewise."""

MOST_EMPTY: Final = 100
"""Frames of a client in a second that the app never hears of: pings, pongs, and fragments with nothing in them."""

TOO_MANY: Final = f"more than {MOST_EMPTY} pings in a second"
"""Likewise."""

TAKING: Final = 1.0
"""Seconds that a client that may not be there any more has to take the reason, or whatever else waits for it when the app has left."""

CLOSING: Final = 5.0
"""Seconds that other clients have to take what waits for them, the reason included."""

_FRAMES: Final = Connection(ConnectionType.SERVER)


@lru_cache(64)
def _frame(text: str) -> bytes:
    """As every client gets it: a server masks nothing, and nothing is compressed."""
    return bytes(_FRAMES.send(TextMessage(data=text)))


class Patience(Config):
    """Hypercorn's settings, and how long a client may leave a ping unanswered."""

    websocket_pong_timeout: float = math.inf
    """Seconds."""


class _Stream(WSStream):
    """Hypercorn's sleeps until the next ping before it notices that the connection has ended, and waits for ever to give a message to an
    app that has left: a server that stops would wait for both. It compresses where a client can, each message for each connection anew.
    Whether its pings are answered or even taken is nothing to it, nor is whether the end of a connection is. It answers any number of
    pings. It gives no reason where a message is too long, goes on to keep what comes after it, and tells nobody that it ended one.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._over = asyncio.Event()
        self._left = asyncio.Event()
        self._pinged: float | None = None  # when the first ping was sent since the client was last heard
        self._cutting: asyncio.TimerHandle | None = None
        self._second = -math.inf  # since when empty frames are counted
        self._empty = 0

    async def handle(self, event: Event) -> None:
        if isinstance(event, Body | Data):
            self._pinged = None
        await super().handle(event)
        if isinstance(event, Request) and self.app_put:  # the app has not begun yet
            self.app_put = partial(self._put, self.app_put)
            self.handshake.extensions = None
            self._offer_writing()
        if self.closed:
            self._over.set()

    async def app_send(self, message: ASGISendEvent | None) -> None:
        if message is None:
            self._left.set()
        is_end = not self.closed and (message is None or message["type"] == "websocket.close")
        if is_end:
            self._cut_in(TAKING if message is None else CLOSING)
        await super().app_send(message)
        if is_end and message is None and self._cutting:
            self._cutting.cancel()

    async def _handle_events(self) -> None:
        for event in self.connection.events():
            if isinstance(event, CloseConnection):
                if self.connection.state is ConnectionState.REMOTE_CLOSING:
                    await self._send_wsproto_event(event.response())
                elif self.connection.state is ConnectionState.OPEN:  # its frames are none
                    self._note(event.code)
                    await self._send_wsproto_event(event)
                await self.send(StreamClosed(stream_id=self.stream_id))
            elif self.connection.state is not ConnectionState.OPEN:
                continue  # said before it knew
            elif isinstance(event, Message) and (event.data or event.message_finished):
                await self._hear(event)
            elif self._is_flood():
                await self._end(CloseReason.POLICY_VIOLATION, TOO_MANY)
            elif isinstance(event, Ping):
                await self._send_wsproto_event(event.response())

    async def _hear(self, part: Message[Any]) -> None:
        try:
            self.buffer.extend(part)
        except FrameTooLargeError:
            self.buffer.clear()
            await self._end(CloseReason.MESSAGE_TOO_BIG, TOO_LONG)
            return
        if part.message_finished and self.app_put:
            await self.app_put(self.buffer.to_message())
            self.buffer.clear()

    def _is_flood(self) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._second >= 1:
            self._second, self._empty = now, 0
        self._empty += 1
        return self._empty > MOST_EMPTY

    async def _end(self, code: CloseReason, reason: str) -> None:
        """Tell the client that the server itself ends the connection. What else it says until it hangs up is not heard."""
        self._note(code)
        self._cut_in(CLOSING)
        await self._send_wsproto_event(CloseConnection(code=code, reason=reason))

    def _cut_in(self, seconds: float) -> None:
        """Hang up after *seconds*, whatever still waits to be written."""
        if self._cutting is None:
            self._cutting = asyncio.get_running_loop().call_later(seconds, self._cut)

    def _cut(self) -> None:
        if transport := self._transport:
            cut(transport)
        elif not self.closed:
            self.task_group.spawn(self._drop)

    async def _drop(self) -> None:
        """Over HTTP/2 the connection is not this WebSocket's alone."""
        if buffer := self.send.__self__.stream_buffers.get(self.stream_id):  # type: ignore[attr-defined]
            await buffer.close()
        await self.send(StreamClosed(stream_id=self.stream_id))

    @property
    def _transport(self) -> asyncio.WriteTransport | None:
        """That of this WebSocket alone, if there is one."""
        protocol = getattr(self.send, "__self__", None)
        return protocol.send.__self__.writer.transport if isinstance(protocol, H11Protocol) else None  # type: ignore[attr-defined]

    def _note(self, code: int) -> None:
        self.scope["extensions"].setdefault(ENDED, int(code))  # type: ignore[arg-type]

    def _offer_writing(self) -> None:
        if transport := self._transport:
            self.scope["extensions"][WRITE] = partial(self._write, transport)  # type: ignore[assignment]

    def _write(self, transport: asyncio.WriteTransport, text: str) -> bool:
        if self.closed or self.state is not ASGIWebsocketState.CONNECTED or self.connection.state is not ConnectionState.OPEN:
            return False
        if transport.is_closing() or transport.get_write_buffer_size() > FULL:
            return False
        transport.write(_frame(text))
        return True

    async def _put(self, put: Callable[[ASGIReceiveEvent], Coroutine[Any, Any, None]], event: ASGIReceiveEvent) -> None:
        if self._left.is_set():
            return
        putting, leaving = asyncio.create_task(put(event)), asyncio.create_task(self._left.wait())
        try:
            await asyncio.wait({putting, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            putting.cancel()
            leaving.cancel()

    async def _send_pings(self) -> None:
        clock = asyncio.get_running_loop().time
        period = self.config.websocket_ping_interval or math.inf
        patience = getattr(self.config, "websocket_pong_timeout", math.inf)
        due = clock()
        while not self.closed:
            if clock() >= due:
                due = clock() + period
                if self._pinged is None:
                    self._pinged = clock()
                with contextlib.suppress(TimeoutError):  # it is not even taken
                    async with asyncio.timeout_at(self._pinged + patience):
                        await self._send_wsproto_event(Ping())
            end = math.inf if self._pinged is None else self._pinged + patience
            if clock() >= end:
                await self._give_up()
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(due, end)):
                    await self._over.wait()

    async def _give_up(self) -> None:
        """End the connection with a client that may not be there any more, without waiting for its answer."""
        self._note(CloseReason.INTERNAL_ERROR)
        self._cut_in(TAKING)
        await self._send_wsproto_event(CloseConnection(code=CloseReason.INTERNAL_ERROR, reason=NO_ANSWER))
        await self.send(EndData(stream_id=self.stream_id))
        await self.send(StreamClosed(stream_id=self.stream_id))


def mend() -> None:
    """Have hypercorn's servers of this process, for HTTP/1 and 2, use these."""
    hypercorn.protocol.h11.WSStream = _Stream  # type: ignore[attr-defined]
    hypercorn.protocol.h2.WSStream = _Stream  # type: ignore[attr-defined]
