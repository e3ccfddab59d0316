"""One WebSocket's life, whatever is spoken on it: what it may ask, what waits for it, and why it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Collection
from functools import partial
from typing import Any, Final, NamedTuple, NoReturn, Protocol

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.live.hub import Gap, Hub, Told, Topic
from app.live.pacing import Pace
from app.live.sending import Sending, write_of
from app.live.updates import BarUpdate, Traded

MOST_SUBSCRIPTIONS: Final = 50
"""Of one connection."""

MOST_HEARD: Final = 100
"""Messages of a client in a second."""

CLOSING_SECONDS: Final = 5.0
"""In which a client must take the word that the connection ends."""

GOING_AWAY, POLICY, FAULT, TRY_LATER = 1001, 1008, 1011, 1013
"""Codes of RFC 6455 and its registry by which connections end here."""


class StreamBounds(NamedTuple):
    """What all connections of a process may take, and how bars are sent on them."""

    connections: int
    messages: int
    bytes: int
    """Of what waits for one connection."""
    stall_seconds: float
    partials: bool
    throttle_seconds: float


class Ending(NamedTuple):
    """Why a connection ends; no code: the client is gone."""

    code: int | None
    reason: str = ""


class Session(Protocol):
    """What is spoken on a connection."""

    async def begin(self) -> None:
        """The connection is open."""

    async def heard(self, message: str | bytes) -> None:
        """The client says something, whatever it is."""

    def frame(self, topic: Topic, told: Told) -> str:
        """A message that tells of a bar or a trade."""

    def reset(self, topic: Topic, told: Told) -> str:
        """A message that what was told of *topic* may be void: history is to be read anew."""


class Full(Exception):
    """The client asked for more than a connection may: it ends."""


class _Feed:
    """One subscription."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.has_begun = False


class Connection:
    """One client of *hub*. `live` is its life; subscriptions are its session's to make, in between."""

    def __init__(self, websocket: WebSocket[Any], hub: Hub, bounds: StreamBounds) -> None:
        self.websocket = websocket
        self._hub = hub
        self._bounds = bounds
        self._sending = Sending(bounds.messages, bounds.bytes, write_of(websocket.scope))
        self._feeds: dict[Topic, _Feed] = {}
        self._session: Session
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._heard: deque[float] = deque(maxlen=MOST_HEARD)

    @property
    def replaced(self) -> int:
        """States of bars that were never sent, as a newer one came first."""
        return self._sending.replaced

    @property
    def waiting(self) -> tuple[int, int]:
        """Messages that wait to be sent, and their bytes."""
        return len(self._sending), self._sending.size

    def has_room(self, topics: Collection[Topic]) -> bool:
        """Whether the markets of *topics* could all be followed now; Full where there are too many for this connection."""
        if len(self._feeds.keys() | set(topics)) > MOST_SUBSCRIPTIONS:
            self._fill()
        return self._hub.has_room(topics)

    def subscribe(self, topic: Topic) -> bool:
        """Have *topic* told from here on; False where it is already. Full, or the hub's TooManyMarkets, where that is one too many."""
        if topic in self._feeds:
            return False
        if len(self._feeds) >= MOST_SUBSCRIPTIONS:
            self._fill()
        self._feeds[topic] = _Feed(Pace(self._bounds.throttle_seconds, partial(self._put, topic)))
        try:
            self._hub.subscribe(self, topic)
        except Exception:
            del self._feeds[topic]
            raise
        return True

    def _fill(self) -> NoReturn:
        self.end(POLICY, f"more than {MOST_SUBSCRIPTIONS} subscriptions")
        raise Full

    def unsubscribe(self, topic: Topic) -> bool:
        """Have *topic* told no more; False where it is not."""
        if topic not in self._feeds:
            return False
        self._feeds.pop(topic).pace.stop()
        self._hub.unsubscribe(self, topic)
        self._sending.part(topic)
        return True

    def say(self, text: str) -> None:
        """Send *text* after all that waits."""
        self._put(None, text, final=True)

    def end(self, code: int, reason: str) -> None:
        """Disconnect the client, telling it why. The first reason counts."""
        if not self._ending.done():
            self._ending.set_result(Ending(code, reason))

    def tell(self, topic: Topic, told: Told) -> None:
        """What the hub has to tell."""
        if self._ending.done():
            return
        feed, event = self._feeds[topic], told.event
        if told.breaks and (feed.has_begun or isinstance(event, Gap)):  # the beginning of trades is told, that of a bar is the bar
            feed.pace.stop()
            self._sending.part(topic)
            self.say(self._session.reset(topic, told))
        feed.has_begun = True
        match event:
            case Traded():
                self.say(self._session.frame(topic, told))
            case BarUpdate(bar=None):
                pass
            case BarUpdate(closed=True):
                feed.pace.final(self._session.frame(topic, told))
            case BarUpdate() if self._bounds.partials:
                feed.pace.running(self._session.frame(topic, told))

    async def live(self, session: Session) -> Ending:
        """Accept the client and serve it until either side ends it. Returns why."""
        self._session = session
        await self.websocket.accept()
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        ends: set[asyncio.Future[Any]] = {*tasks, self._ending}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for topic in list(self._feeds):
                self.unsubscribe(topic)
            self._sending.clear()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        failures = [error for task in tasks if not task.cancelled() and (error := task.exception())]
        if not self._ending.done():
            self._ending.set_result(Ending(FAULT, "something went wrong here"))
        ending = self._ending.result()
        await self._close(ending)
        if failures:
            raise failures[0]
        return ending

    async def _close(self, ending: Ending) -> None:
        if ending.code is None or self.websocket.application_state is not WebSocketState.CONNECTED:
            return
        with contextlib.suppress(TimeoutError, WebSocketDisconnect):
            async with asyncio.timeout(CLOSING_SECONDS):
                await self.websocket.close(ending.code, ending.reason)
                while (await self.websocket.receive())["type"] != "websocket.disconnect":
                    pass  # what it said before it knew

    async def _read(self) -> None:
        with contextlib.suppress(Full):
            await self._session.begin()
            while not self._ending.done():
                message = await self.websocket.receive()
                if message["type"] == "websocket.disconnect":
                    self._gone(message.get("code"))
                    return
                if self._is_too_much():
                    self.end(POLICY, f"more than {MOST_HEARD} messages in a second")
                    return
                text = message.get("text")
                await self._session.heard(message.get("bytes") or b"" if text is None else text)

    async def _write(self) -> None:
        while True:
            text = await self._sending.next()
            try:
                async with asyncio.timeout(self._bounds.stall_seconds):
                    await self.websocket.send_text(text)
            except TimeoutError:
                self.end(TRY_LATER, "a message was not taken in time")
                return
            except WebSocketDisconnect:
                self._gone(None)
                return

    def _gone(self, code: int | None) -> None:
        if not self._ending.done():
            self._ending.set_result(Ending(None, "the server stops" if code == GOING_AWAY else ""))

    def _put(self, topic: Topic | None, text: str, *, final: bool) -> None:
        if not self._ending.done() and not self._sending.put(text, topic, final=final):
            self.end(TRY_LATER, "too slow: too many messages wait")

    def _is_too_much(self) -> bool:
        now = asyncio.get_running_loop().time()
        is_too_much = len(self._heard) == MOST_HEARD and now - self._heard[0] < 1
        self._heard.append(now)
        return is_too_much
