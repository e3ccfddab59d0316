"""Scripted nodes on local ports, and clients of them that lose no time over pauses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import psutil
import pytest
from aiohttp.test_utils import TestServer

from app.chain import reading_process
from app.chain.rpc import Rpc
from tests.chain.node import ScriptedNode

Serve = Callable[[ScriptedNode], Awaitable[str]]
Connect = Callable[..., Awaitable[Rpc]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a single small answer is worth another process to read it, and there is a core for it."""
    monkeypatch.setattr(reading_process, "LARGE", 1)
    monkeypatch.setattr(reading_process, "WORTH", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)


def readers() -> list[psutil.Process]:
    """Processes of this one's that read large answers."""
    return [child for child in psutil.Process().children() if "app.chain.reading_worker" in child.cmdline()]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serves a node for the length of the test and returns its URL."""
    async with AsyncExitStack() as stack:

        async def start(node: ScriptedNode) -> str:
            server = TestServer(node.application())
            # The server's own log tells what was asked of it, keys and all: only ours is looked at.
            await server.start_server(access_log=None)
            stack.push_async_callback(server.close)
            return str(server.make_url("/")).rstrip("/")

        yield start


@pytest.fixture
async def connect(serve: Serve) -> AsyncIterator[Connect]:
    """An `Rpc` to the given nodes, or URLs, in that order."""
    async with AsyncExitStack() as stack:

        async def start(*nodes: ScriptedNode | str, socket: bool = False, **options: Any) -> Rpc:
            urls = [node if isinstance(node, str) else await serve(node) for node in nodes]
            if socket:
                urls = [url.replace("http://", "ws://") for url in urls]
            rpc = Rpc(urls, **{"timeout": 5.0, "first_pause": 0.01, "rest": 0.05} | options)
            return await stack.enter_async_context(rpc)

        yield start
