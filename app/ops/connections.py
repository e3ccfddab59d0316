"""What hypercorn's connections lack: they end when their client has left or takes nothing, and do not wait long for a first request."""

import asyncio
import contextlib
import socket
import struct
from typing import Final

import hypercorn.asyncio.run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Closed, Event, Updated

FIRST_SECONDS: Final = 10.0
"""In which a new connection has to have asked something. Later on it may be quiet for as long as `keep_alive_timeout` says."""

LAST_SECONDS: Final = 30.0
"""In which a client must take what still waits for it when its connection ends."""

_DROP: Final = struct.pack("ii", 1, 0)  # linger, for no time


def cut(transport: asyncio.WriteTransport) -> None:
    """Hang up at once. What the client did not take yet is kept neither here nor by the system."""
    with contextlib.suppress(OSError, ValueError):  # it is gone already: uvloop has no socket of it then
        if opened := transport.get_extra_info("socket"):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP)
    transport.abort()


class _Connection(TCPServer):
    """Hypercorn's keeps a connection whose client has left until it has been quiet for long enough, and its file with it; and it gives
    who has not asked anything yet, or only half of it, as long as who has. It waits for ever for who does not take the last of an answer,
    and takes the system's own time limit for a fault.
    """

    _has_asked = False

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            self._has_asked = True
            if event.idle and self.reader.at_eof():  # there will be no further request
                return
        try:
            await super().protocol_send(event)
        except OSError:
            await self.protocol.handle(Closed())

    async def _close(self) -> None:
        cutting = self.loop.call_later(LAST_SECONDS, cut, self.writer.transport)
        try:
            with contextlib.suppress(OSError):
                await super()._close()
        finally:
            cutting.cancel()

    async def _read_data(self) -> None:
        await super()._read_data()
        await self.idle_task.stop()

    async def _idle_timeout(self) -> None:
        if not self._has_asked:
            seconds = min(FIRST_SECONDS, self.config.keep_alive_timeout)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.context.terminated.wait(), seconds)
            await asyncio.shield(self._initiate_server_close())
            return
        await super()._idle_timeout()


def mend() -> None:
    """Have hypercorn's servers of this process use these."""
    hypercorn.asyncio.run.TCPServer = _Connection  # type: ignore[attr-defined]
