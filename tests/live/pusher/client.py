"""A client that speaks Pusher's protocol frame by frame."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PATIENCE = 20.0
"""Seconds for whatever must come."""


MARK = "all-before-this"
"""A channel that is subscribed to so that the answer shows what came before it."""


class Client:
    """A connection. `socket_id` is empty where none was established."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.first_text = self.take_text()
        self.first: dict[str, Any] = orjson.loads(self.first_text)
        established = self.first["event"] == "pusher:connection_established"
        self.socket_id = orjson.loads(self.first["data"])["socket_id"] if established else ""

    @property
    def socket(self) -> socket.socket:
        """What it goes over."""
        return self._connection.socket

    def say(self, event: str, **data: Any) -> None:
        """Send an event."""
        self.say_text(orjson.dumps({"event": event, "data": data}).decode())

    def say_text(self, text: str) -> None:
        """Send whatever it is."""
        self._connection.send(text)

    def take(self) -> dict[str, Any]:
        """The next frame."""
        frame: dict[str, Any] = orjson.loads(self.take_text())
        return frame

    def take_text(self) -> str:
        """The next frame as it came."""
        return str(self._connection.recv(timeout=PATIENCE))

    def answers(self) -> list[str]:
        """All that came until now, or will because of what was said."""
        self.say("pusher:subscribe", channel=MARK)
        found = []
        while f'"{MARK}"' not in (frame := self.take_text()):
            found.append(frame)
        self.say("pusher:unsubscribe", channel=MARK)
        return found

    def subscribe(self, channel: str) -> None:
        """Hear a public channel."""
        self.say("pusher:subscribe", channel=channel)
        assert self.take() == {"event": "pusher_internal:subscription_succeeded", "channel": channel, "data": "{}"}

    def ended(self) -> tuple[int, str]:
        """Read until the server hangs up: its code and reason."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._connection.recv(timeout=PATIENCE)
        return self._connection.close_code or 0, self._connection.close_reason or ""


@contextmanager
def client(url: str, **options: Any) -> Iterator[Client]:
    """A connection to *url*."""
    with connect(url, **{"open_timeout": PATIENCE, "close_timeout": 0.2} | options) as connection:
        yield Client(connection)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)
