"""All WebSockets of a process: how many there may be, and how they ended."""

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.websockets import WebSocket, WebSocketDisconnect

from app.live.connection import FAULT, TRY_LATER, Connection, Session, StreamBounds
from app.live.hub import Hub, HubStatistics
from app.live.sending import ended_of


class StreamStatistics(NamedTuple):
    """What WebSockets of this process did so far."""

    connections: int
    """Open now."""
    refused: int
    replaced: int
    """States of bars that were never sent, as a newer one came first."""
    messages: int
    """Waiting to be sent now, to all of them; `bytes` likewise."""
    bytes: int
    ended: dict[int, int]
    """Connections by the code with which they were ended here."""
    hub: HubStatistics


class Connections:
    """All WebSockets of a process."""

    def __init__(self, hub: Hub, bounds: StreamBounds) -> None:
        self._hub = hub
        self._bounds = bounds
        self._open: set[Connection] = set()
        self._refused = 0
        self._replaced = 0
        self._ended: Counter[int] = Counter()

    async def serve(self, websocket: WebSocket[Any], spoken: Callable[[Connection], Session]) -> None:
        """Serve a client that is not accepted yet with the session that *spoken* makes, or tell it that it is one too many."""
        if len(self._open) >= self._bounds.connections:
            self._refused += 1
            with contextlib.suppress(WebSocketDisconnect):
                await websocket.accept()  # pages are told nothing of an answer instead of the upgrade
                await websocket.close(TRY_LATER, "too many clients are connected; try again in a few seconds")
            return
        connection = Connection(websocket, self._hub, self._bounds)
        self._open.add(connection)
        try:
            ending = await connection.live(spoken(connection))
            code = ending.code or ended_of(websocket.scope)
            if code is not None:
                self._ended[code] += 1
        except Exception:
            self._ended[FAULT] += 1
            raise
        finally:
            self._open.discard(connection)
            self._replaced += connection.replaced

    def statistics(self) -> StreamStatistics:
        """As it is now."""
        replaced = self._replaced + sum(connection.replaced for connection in self._open)
        waiting = [connection.waiting for connection in self._open]
        messages, size = sum(each[0] for each in waiting), sum(each[1] for each in waiting)
        return StreamStatistics(len(self._open), self._refused, replaced, messages, size, dict(self._ended), self._hub.statistics())
