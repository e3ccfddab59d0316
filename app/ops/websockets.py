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
from hypercorn.protocol.ws_stream import ASGIWebsocketState, FrameTooLargeError, WebsocketBuffer, WSStream
from hypercorn.typing import ASGIReceiveEvent, ASGISendEvent
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import CloseConnection, Message, Ping, TextMessage
from wsproto.events import Event as WSProtoEvent
from wsproto.frame_protocol import CloseReason

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

TAKING: Final = 1.0
"""Seconds that such a client has to take the reason."""

_FRAMES: Final = Connection(ConnectionType.SERVER)


@lru_cache(64)
def _frame(text: str) -> bytes:
    """As every client gets it: a server masks nothing, and nothing is compressed."""
    return bytes(_FRAMES.send(TextMessage(data=text)))


class Patience(Config):
    """Hypercorn's settings, and how long a client may leave a ping unanswered."""

    websocket_pong_timeout: float = math.inf
    """Seconds."""


class _Buffer(WebsocketBuffer):
    """Hypercorn's goes on to keep what a client sends after it was told that its message is too long."""

    @property
    def is_over(self) -> bool:
        """Whether the client was told so."""
        return self.length > self.max_length

    def extend(self, event: Message[Any]) -> None:
        if self.length + len(event.data) > self.max_length:
            self.value = None
            self.length = self.max_length + 1
            raise FrameTooLargeError
        super().extend(event)


class _Stream(WSStream):
    """Hypercorn's sleeps until the next ping before it notices that the connection has ended, and waits for ever to give a message to an
    app that has left: a server that stops would wait for both. It compresses where a client can, each message for each connection anew.
    Whether its pings are answered is nothing to it. It gives no reason where a message is too long, and tells nobody that it ended one.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.buffer: _Buffer = _Buffer(self.config.websocket_max_message_size)
        self._over = asyncio.Event()
        self._left = asyncio.Event()
        self._pinged: float | None = None  # when the first ping was sent since the client was last heard

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
        await super().app_send(message)

    async def _send_wsproto_event(self, event: WSProtoEvent) -> None:
        if isinstance(event, CloseConnection) and event.code == CloseReason.MESSAGE_TOO_BIG and self.buffer.is_over:
            self._note(CloseReason.MESSAGE_TOO_BIG)
            event = CloseConnection(code=event.code, reason=TOO_LONG)
        await super()._send_wsproto_event(event)

    def _note(self, code: CloseReason) -> None:
        self.scope["extensions"].setdefault(ENDED, int(code))  # type: ignore[arg-type]

    def _offer_writing(self) -> None:
        protocol = getattr(self.send, "__self__", None)
        if isinstance(protocol, H11Protocol):
            transport = protocol.send.__self__.writer.transport  # type: ignore[attr-defined]
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
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKING):
                await self._send_wsproto_event(CloseConnection(code=CloseReason.INTERNAL_ERROR, reason=NO_ANSWER))
                await self.send(EndData(stream_id=self.stream_id))
        await self.send(StreamClosed(stream_id=self.stream_id))


def mend() -> None:
    """Have hypercorn's servers of this process, for HTTP/1 and 2, use these."""
    hypercorn.protocol.h11.WSStream = _Stream  # type: ignore[attr-defined]
    hypercorn.protocol.h2.WSStream = _Stream  # type: ignore[attr-defined]
