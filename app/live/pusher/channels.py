"""Who hears which channel, in this process. All calls are made in one event loop."""

import secrets
from collections.abc import Hashable
from typing import Final, NamedTuple, Protocol

from app.live.pusher import protocol

MOST_CONNECTIONS: Final = 2_000
MOST_CHANNELS: Final = 200
"""Channels of one connection."""


class Event(NamedTuple):
    """What is to be told: to all of `channels` but the connection `exclude`. `info` is what is asked of them."""

    name: str
    channels: tuple[str, ...]
    data: str
    exclude: str
    info: str


class Subscriber(Protocol):
    """A connection."""

    socket_id: str

    def send(self, frame: str, series: Hashable = None, *, final: bool = False) -> None:
        """Have *frame* sent, instead of one of the same *series* that still waits and was not *final*. Never blocks, never raises."""


class Channels:
    """The channels that somebody hears, of up to *most* connections."""

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self._most = most
        self._connections: dict[str, set[str]] = {}
        self._subscribers: dict[str, dict[str, Subscriber]] = {}
        self._since: dict[str, int] = {}
        self._newest: dict[str, str] = {}
        self._voids: dict[str, int] = {}
        self._number = 0
        self.version = 0
        """Another whenever a channel is occupied or vacated."""

    def __len__(self) -> int:
        """Connections."""
        return len(self._connections)

    @property
    def is_full(self) -> bool:
        """Whether there are as many connections as there may be."""
        return len(self) >= self._most

    def join(self) -> str:
        """A name for a new connection: `socket_id`."""
        while (name := f"{secrets.randbelow(10**9)}.{secrets.randbelow(10**9)}") in self._connections:
            pass
        self._connections[name] = set()
        return name

    def leave(self, socket_id: str) -> None:
        """A connection has ended: it hears nothing any more."""
        for channel in self._connections.pop(socket_id, ()):
            self._vacate(channel, socket_id)

    @property
    def subscriptions(self) -> int:
        """Channels of all connections."""
        return sum(map(len, self._connections.values()))

    def heard_by(self, socket_id: str) -> frozenset[str]:
        """The channels of a connection."""
        return frozenset(self._connections.get(socket_id, ()))

    def newest(self, channel: str) -> str | None:
        """The last state that was told to who hears *channel* already: who comes later begins with it."""
        return self._newest.get(channel)

    def subscribe(self, channel: str, subscriber: Subscriber) -> None:
        """Have *subscriber*, who has joined, hear *channel*."""
        self._connections[subscriber.socket_id].add(channel)
        if channel not in self._subscribers:
            self._subscribers[channel] = {}
            self.version += 1
            self._since[channel] = self.version
        self._subscribers[channel][subscriber.socket_id] = subscriber

    def unsubscribe(self, channel: str, socket_id: str) -> None:
        """Have a connection hear *channel* no more, if it did."""
        if channel in self._connections.get(socket_id, ()):
            self._connections[socket_id].remove(channel)
            self._vacate(channel, socket_id)

    def publish(
        self,
        channel: str,
        event: str,
        data: str,
        *,
        exclude: str = "",
        series: Hashable = None,
        final: bool = False,
        voids: bool = False,
    ) -> None:
        """Tell an event to whoever hears *channel*, but not to the connection *exclude*.

        To who is slow, only the newest of those of one *series*, if any; but a *final* one is always told, and so is one that *voids*
        what was told before: nothing that comes later is told ahead of it.
        """
        if hearing := self._subscribers.get(channel):
            frame = protocol.event(event, channel, data)
            kept = None
            if voids:
                self._number += 1
                self._voids[channel] = self._number
            if series is not None:
                kept = channel, event, self._voids.get(channel), series
                self._newest[channel] = frame
            for subscriber in list(hearing.values()):
                if subscriber.socket_id != exclude:
                    subscriber.send(frame, kept, final=final or voids)

    def tell(self, event: Event) -> None:
        """Tell *event* to whom it is for."""
        for channel in event.channels:
            self.publish(channel, event.name, event.data, exclude=event.exclude)

    def occupied(self, prefix: str = "") -> dict[str, int]:
        """How many connections hear each channel whose name begins with *prefix*."""
        return {channel: len(hearing) for channel, hearing in self._subscribers.items() if channel.startswith(prefix)}

    def occupations(self) -> dict[str, int]:
        """The occupied channels, each with a number that is another when it has been vacated in between."""
        return dict(self._since)

    def count(self, channel: str) -> int:
        """How many connections hear *channel*."""
        return len(self._subscribers.get(channel, ()))

    def _vacate(self, channel: str, socket_id: str) -> None:
        hearing = self._subscribers[channel]
        del hearing[socket_id]
        if not hearing:
            del self._subscribers[channel], self._since[channel]
            self._newest.pop(channel, None)
            self._voids.pop(channel, None)
            self.version += 1
