"""Clients by the thousand: bare sockets that take frames apart no further than needed, in processes of their own."""

from __future__ import annotations

import contextlib
import multiprocessing
import select
import socket
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any, Final, NamedTuple

from app.ops import files

PATIENCE: Final = 60.0
"""Seconds in which everything must arrive; only a hang takes that long."""

OPENING: Final = 64
"""Handshakes under way at once: fewer than a server lets wait."""

TEXT, PING, PONG, CLOSE = 0x81, 0x89, 0x8A, 0x88
"""First bytes of frames."""

_SPAWN = multiprocessing.get_context("spawn")
_KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
_PONG = bytes([PONG, 0x80, 0, 0, 0, 0])
"""Empty, so that any mask will do."""


class Heard(NamedTuple):
    """When each connection had its frame (monotonic seconds), and what one of them was."""

    times: list[float]
    frame: bytes


class Ears:
    """A process with many connections to several servers, each set under a name."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def open(self, name: str, port: int, path: str, count: int, until: bytes) -> None:
        """Open *count* WebSockets to *path*, each until it has heard *until*; `opened` waits for them."""
        self._pipe.send(("open", name, port, path, count, until))

    def opened(self) -> float:
        """Seconds that opening took."""
        return float(self._answer())

    def hear(self, name: str, mark: bytes) -> None:
        """Wait, on each connection of *name*, for a frame that holds *mark*; `heard` says when they came."""
        self._pipe.send(("hear", name, mark))

    def heard(self) -> Heard:
        """What was waited for."""
        times, frame = self._answer()
        return Heard(times, frame)

    def _answer(self) -> Any:
        answer = self._pipe.recv()
        if isinstance(answer, str):
            raise SystemExit(answer)
        return answer


@contextlib.contextmanager
def ears(processes: int) -> Iterator[list[Ears]]:
    """So many processes of clients, until the block ends."""
    pipes, running = [], []
    for _ in range(processes):
        here, there = _SPAWN.Pipe()
        running.append(_SPAWN.Process(target=_run, args=(there,), daemon=True))
        running[-1].start()
        there.close()
        pipes.append(here)
    try:
        yield [Ears(pipe) for pipe in pipes]
    finally:
        for process in running:
            process.terminate()
            process.join()


def _run(pipe: Connection) -> None:
    connections = 0
    sets: dict[str, _Set] = {}
    with contextlib.suppress(EOFError):
        while True:
            match pipe.recv():
                case ("open", str(name), int(port), str(path), int(count), bytes(until)):
                    connections += count
                    files.allow(connections)
                    sets[name] = _Set()
                    answer = _tried(sets[name].open, port, path, count, until)
                case ("hear", str(name), bytes(mark)):
                    answer = _tried(sets[name].hear, mark)
                case other:
                    raise AssertionError(other)
            pipe.send(answer)


def _tried(call: Callable[..., Any], *arguments: object) -> Any:
    """What *call* returns; why it failed, as a text, where it did."""
    try:
        return call(*arguments)
    except (OSError, ValueError) as error:
        return f"a client failed: {error!r}"


class _Set:
    """WebSockets to one server."""

    def __init__(self) -> None:
        self._sockets: dict[int, socket.socket] = {}
        self._rest: dict[int, bytes] = {}
        self._poll = select.epoll()

    def open(self, port: int, path: str, count: int, until: bytes) -> float:
        asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{_KEY}\r\n\r\n".encode()
        began = monotonic()
        for first in range(0, count, OPENING):
            opening = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(min(OPENING, count - first))]
            for each in opening:
                each.sendall(asked)
            for each in opening:
                data = b""
                while b"\r\n\r\n" not in data or until not in data:
                    if not (more := each.recv(4_096)):
                        break
                    data += more
                head, _, rest = data.partition(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 101") or until not in rest:
                    raise ValueError(data[:200])
                each.setblocking(False)
                self._sockets[each.fileno()] = each
                self._rest[each.fileno()] = rest
                self._poll.register(each.fileno(), select.EPOLLIN)
        return monotonic() - began

    def hear(self, mark: bytes) -> tuple[list[float], bytes]:
        missing = set(self._sockets)
        times, found = [], b""
        end = monotonic() + PATIENCE
        while missing:
            if monotonic() > end:
                raise ValueError(f"{len(missing)} of {len(self._sockets)} connections heard nothing")
            for number, _ in self._poll.poll(1.0):
                for frame in self._frames(number):
                    if mark in frame:
                        times.append(monotonic())
                        missing.remove(number)
                        found = frame
        return times, found

    def _frames(self, number: int) -> Iterator[bytes]:
        """The texts that came on a connection; its pings are answered."""
        data = self._sockets[number].recv(65_536)
        if not data:
            raise ValueError("a server hung up")
        if rest := self._rest[number]:
            data = rest + data
        at, size = 0, len(data)
        while size - at >= 2:
            length, start = data[at + 1], at + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                length, start = int.from_bytes(data[start : start + wide], "big"), start + wide
            if start + length > size:
                break
            if data[at] == TEXT:
                yield data[start : start + length]
            elif data[at] == PING:
                self._sockets[number].send(_PONG)
            else:
                raise ValueError(f"a frame that begins with {data[at]:#x}: {data[start : start + length][:100]!r}")
            at = start + length
        self._rest[number] = data[at:]
