"""One update told to many WebSockets at once: ours beside a bare loop, in turns."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import NamedTuple

from app.settings import Settings
from bench import telling
from bench.hearing import Ears, ears
from bench.telling import Server, running

CLIENTS = 2
"""Processes of clients: one may not have as many files open."""

FIRST = 20_001
"""Prices by which updates are known: all are written in as many digits."""


class Told(NamedTuple):
    """What telling came to."""

    rates: list[float]
    """Messages a second of each update, from its beginning until the last client had it."""
    latencies: list[float]
    """Milliseconds of each message."""
    cpu: float
    """Microseconds of the server's processor for a message."""
    memory: float
    """Bytes of the server's for a connection."""
    opening: float
    """Seconds that opening all took."""


def fanout(settings: Settings, *, connections: int, updates: int, turns: int, pause: float) -> tuple[Told, Told]:
    """Ours and the bare one: *turns* each of *updates*, which begin *pause* seconds after each other or when all had the one before."""
    with ExitStack() as stack:
        clients = stack.enter_context(ears(CLIENTS))
        ours = _Side("ours", stack.enter_context(running(telling.ours, settings)), clients)
        bare = _Side("bare", stack.enter_context(running(telling.bare, settings)), clients)
        ours.open(telling.STREAM, connections, until=b'"c":"2000"')
        bare.open("/", connections, until=b"")
        frame = ours.told(FIRST, FIRST).decode()
        bare.told(frame, FIRST)
        for side in (ours, bare):
            side.forget()
        price = FIRST
        for _ in range(turns):
            for side in (ours, bare):
                due = time.monotonic()
                for _ in range(updates):
                    price += 1
                    time.sleep(max(0.0, due - time.monotonic()))
                    due = time.monotonic() + pause
                    side.told(price if side is ours else frame.replace(str(FIRST), str(price)), price)
        return ours.figures(), bare.figures()


class _Side:
    """A server with its clients, and what was measured of it."""

    def __init__(self, name: str, server: Server, clients: list[Ears]) -> None:
        self._name, self._server, self._clients = name, server, clients

    def open(self, path: str, connections: int, until: bytes) -> None:
        before = self._server.memory
        for place, client in enumerate(self._clients):
            client.open(self._name, self._server.port, path, len(range(place, connections, len(self._clients))), until)
        self._opening = max(client.opened() for client in self._clients)
        self._memory = (self._server.memory - before) / connections
        self.forget()

    def forget(self) -> None:
        """Measure from here on."""
        self._rates: list[float] = []
        self._latencies: list[float] = []
        self._cpu = self._server.cpu

    def told(self, what: int | str, price: int) -> bytes:
        """Tell *what*, and wait until all have heard of *price*. Returns what one of them heard."""
        for client in self._clients:
            client.hear(self._name, f'"c":"{price}"'.encode())
        began = self._server.tell(what)
        heard = [client.heard() for client in self._clients]
        times = [at - began for each in heard for at in each.times]
        self._rates.append(len(times) / max(times))
        self._latencies += [1_000 * seconds for seconds in times]
        return heard[0].frame

    def figures(self) -> Told:
        """All of it."""
        cpu = 1e6 * (self._server.cpu - self._cpu) / len(self._latencies)
        return Told(self._rates, self._latencies, cpu, self._memory, self._opening)
