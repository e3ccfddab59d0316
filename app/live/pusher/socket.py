"""The WebSocket that Pusher's clients connect to: `/app/{key}`."""

import asyncio
import contextlib
import time
from collections import Counter
from typing import Final, NamedTuple

from starlette.websockets import WebSocket, WebSocketDisconnect

from app.live.pusher import protocol
from app.live.pusher.channels import Channels
from app.live.pusher.protocol import Code
from app.live.pusher.session import Session
from app.live.pusher.signature import App, same
from app.live.sending import ended_of, write_of

ACTIVITY_SECONDS: Final = 120
"""Of silence, after which a client is asked whether it is still there."""

PONG_SECONDS: Final = 30
"""For its answer."""

SEND_SECONDS: Final = 30
"""For one frame to leave: who takes nothing for so long is hung up on."""

CLOSING_SECONDS: Final = 5.0
"""For all that is under way and the word that the connection ends."""

HUNG_UP: Final = 1006
"""Stands for the code of a connection that was cut, as who takes nothing cannot be told: RFC 6455 calls it abnormal."""


class SocketStatistics(NamedTuple):
    """What our own Pusher's WebSockets of this process did so far."""

    connections: int
    """Open now."""
    subscriptions: int
    replaced: int
    """States that were never sent, as a newer one came first."""
    bytes: int
    """Waiting to be sent now, to all of them."""
    ended: dict[int, int]
    """Connections by the code with which they were ended here."""


class Socket:
    """Answers each WebSocket with a conversation of its own."""

    def __init__(self, app: App, channels: Channels, *, activity: float = ACTIVITY_SECONDS, pong: float = PONG_SECONDS) -> None:
        """Asked after *activity* seconds of silence, a client has *pong* seconds to answer."""
        self._app = app
        self._channels = channels
        self._activity = activity
        self._pong = pong
        self._ended: Counter[int] = Counter()
        self._open: set[Session] = set()
        self._replaced = 0

    def statistics(self) -> SocketStatistics:
        """As it is now."""
        waiting = [session.sending for session in self._open]
        replaced = self._replaced + sum(each.replaced for each in waiting)
        size = sum(each.size for each in waiting)
        return SocketStatistics(len(self._open), self._channels.subscriptions, replaced, size, dict(self._ended))

    async def talk(self, websocket: WebSocket) -> None:
        """Talk until the connection ends."""
        await websocket.accept()
        if refusal := self._refusal(websocket):
            code, message = refusal
            self._ended[code] += 1
            await websocket.send_text(protocol.error(code, message))
            await websocket.close(code, message)
            return
        session = Session(self._app, self._channels, write_of(websocket.scope))
        self._open.add(session)
        session.send(protocol.established(session.socket_id, self._activity))
        tasks = [asyncio.create_task(work) for work in (_hear(websocket, session), _send(websocket, session), self._watch(session))]
        ended: int | None = None
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except WebSocketDisconnect:
            pass  # it left, or was made to
        except TimeoutError:
            ended = HUNG_UP
        finally:
            session.leave()
            self._open.discard(session)
            self._replaced += session.sending.replaced
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if session.ending:
            ended = session.ending.code
        elif ended is None:
            ended = ended_of(websocket.scope)
        if ended is not None:
            self._ended[ended] += 1

    def _refusal(self, websocket: WebSocket) -> tuple[Code, str] | None:
        """Why there is no conversation."""
        version = websocket.query_params.get("protocol", "")
        if not same(websocket.path_params["key"], self._app.key):
            return Code.NO_SUCH_APP, "no app has this key"
        if not version:
            return Code.NO_VERSION, "the query must have a protocol"
        if not (version.isascii() and version.isdigit()):
            return Code.BAD_VERSION, "protocol must be a number"
        if version != str(protocol.VERSION):
            return Code.UNSUPPORTED_VERSION, f"only protocol {protocol.VERSION} is spoken here"
        if self._channels.is_full:
            return Code.OVER_CAPACITY, "there are as many connections as this server takes: try again later"
        return None

    async def _watch(self, session: Session) -> None:
        """Find out whether a silent client is still there, and whether one that is hung up on takes it."""
        asked = float("-inf")
        while not session.ending:
            now = time.monotonic()
            if now - session.heard < self._activity:
                pause = session.heard + self._activity - now
            elif asked < session.heard:
                session.send(protocol.PING)
                asked = now
                continue
            elif now - asked < self._pong:
                pause = min(self._activity, asked + self._pong - now)
            else:
                session.end(Code.NO_PONG, "no answer to a ping")
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await session.ended.wait()
        await asyncio.sleep(CLOSING_SECONDS)


async def _hear(websocket: WebSocket, session: Session) -> None:
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        session.hear(message.get("text") or "")


async def _send(websocket: WebSocket, session: Session) -> None:
    while True:
        frame = await session.sending.next()
        async with asyncio.timeout(SEND_SECONDS):
            await websocket.send_text(frame)
            if session.ending and not session.sending:
                await websocket.close(*session.ending)
                return
