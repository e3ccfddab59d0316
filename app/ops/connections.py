"""What hypercorn's connections lack: they end when their client has left, and do not wait long for a first request."""

import asyncio
import contextlib
from typing import Final

import hypercorn.asyncio.run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, Updated

FIRST_SECONDS: Final = 10.0
"""In which a new connection has to have asked something. Later on it may be quiet for as long as `keep_alive_timeout` says."""


class _Connection(TCPServer):
    """Hypercorn's keeps a connection whose client has left until it has been quiet for long enough, and its file with it; and it gives
    who has not asked anything yet, or only half of it, as long as who has.
    """

    _has_asked = False

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            self._has_asked = True
            if event.idle and self.reader.at_eof():  # there will be no further request
                return
        await super().protocol_send(event)

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
