"""Limits that several processes share through a real Redis, and what happens while it is away."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.ops.shared_windows import PAUSE, UNTOLD, SharedWindows
from app.ops.windows import Limit, Windows
from tests.ops.redis_server import RedisServer

FEW = Limit("few", 5, 60)
MANY = Limit("many", 200, 60)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server(tmp_path: Path) -> RedisServer:
    return RedisServer(tmp_path)


@pytest.fixture
def url(server: RedisServer) -> Iterator[str]:
    with server.running():
        yield server.url


async def allowed(windows: SharedWindows, limit: Limit, client: str = "a", tries: int = 1) -> int:
    return sum([not await windows.hit(limit, client) for _ in range(tries)])


def test_processes_count_together(url: str, server: RedisServer) -> None:
    async def scenario() -> None:
        async with SharedWindows(url, Windows()) as one, SharedWindows(url, Windows()) as other:
            assert await allowed(one, FEW, tries=3) == 3
            assert await allowed(other, FEW, tries=3) == 2
            assert 1 <= await one.hit(FEW, "a") <= 60
            assert await allowed(other, FEW, "b") == 1

    asyncio.run(scenario())
    assert all(key.startswith(b"datafeed:limits:") for key in server.stored())


def test_large_limits_are_told_of_in_parts_and_hold_all_the_same(url: str) -> None:
    async def scenario() -> None:
        async with SharedWindows(url, Windows()) as one, SharedWindows(url, Windows()) as other:
            passed = sum([await allowed(windows, MANY) for _ in range(300) for windows in (one, other)])
            assert MANY.amount - 2 <= passed <= MANY.amount * (1 + 2 / UNTOLD)

    asyncio.run(scenario())


def test_without_redis_each_counts_for_itself_and_says_so_once(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()

    async def scenario() -> None:
        async with SharedWindows(server.url, Windows(clock), clock) as windows:
            assert await allowed(windows, FEW, tries=10) == 5
            with server.running():
                assert await allowed(windows, FEW, "b", tries=10) == 5  # it is left alone for a while
                assert server.stored() == []
                clock.now += PAUSE
                assert await allowed(windows, FEW, "c", tries=10) == 5
                assert server.stored()
            clock.now += PAUSE
            assert await allowed(windows, FEW, "d", tries=10) == 5

    with caplog.at_level(logging.WARNING, "app"):
        asyncio.run(scenario())
    assert [record.getMessage().split(":")[0].split(" (")[0] for record in caplog.records] == [
        "Redis is away",
        "Redis is back",
        "Redis is away",
    ]
    assert server.url not in caplog.text


def test_a_redis_that_accepts_and_never_answers_holds_nobody_up() -> None:
    async def scenario() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as deaf:
            port = deaf.sockets[0].getsockname()[1]
            async with SharedWindows(f"redis://127.0.0.1:{port}", Windows()) as windows, asyncio.timeout(10):
                assert await allowed(windows, FEW, tries=10) == 5

    asyncio.run(scenario())
