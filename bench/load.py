"""A client that takes less time than the servers it measures: requests written once, answers counted by their length."""

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Final, NamedTuple

HEAD_END: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length: "
CLOSE: Final = b"connection: close"


class Rate(NamedTuple):
    """What a load came to: answers a second."""

    per_s: float
    answers: int


def request(path: str) -> bytes:
    """A GET of *path*."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n".encode()


class Connection:
    """One kept connection to *port* of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> "Connection":
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, asked: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to *asked*."""
        self._writer.write(asked)
        head = (await self._reader.readuntil(HEAD_END)).lower()
        length = int(head[head.index(LENGTH) + len(LENGTH) :].split(b"\r", 1)[0])
        body = await self._reader.readexactly(length)
        if CLOSE in head:  # hypercorn ends a connection after a thousand requests
            self._writer.close()
            await self._open()
        return int(head[9:12]), body

    async def _open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)


async def rate(port: int, asked: Sequence[bytes], *, connections: int, seconds: float) -> Rate:
    """Ask *asked* round and round over so many *connections* for so many *seconds*; SystemExit where an answer is no 200."""
    end = perf_counter() + seconds
    answers = 0

    async def one(first: int) -> None:
        nonlocal answers
        place = first
        async with Connection(port) as connection:
            while perf_counter() < end:
                status, body = await connection.ask(asked[place % len(asked)])
                if status != 200:
                    raise SystemExit(f"{status} {body[:200]!r}")
                place += 1
                answers += 1

    began = perf_counter()
    await asyncio.gather(*(one(number) for number in range(connections)))
    return Rate(answers / (perf_counter() - began), answers)


async def latencies(port: int, asked: Sequence[bytes]) -> list[float]:
    """Milliseconds of each of *asked*, one after the other over one connection."""
    found = []
    async with Connection(port) as connection:
        for each in asked:
            began = perf_counter()
            status, body = await connection.ask(each)
            found.append((perf_counter() - began) * 1_000)
            if status != 200:
                raise SystemExit(f"{status} {body[:200]!r}")
    return found
