"""HTTP connections of clients that do not take their answers."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.ops import connections, websockets
from app.settings import Settings
from tests.loops import UVLOOP
from tests.narrow import connected, is_cut, narrow
from tests.streams.served import PATIENCE, serving

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return UVLOOP


async def test_who_does_not_take_the_last_of_an_answer_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow(monkeypatch)
    monkeypatch.setattr(connections, "LAST_SECONDS", 0.1)

    async def answer(_: Request) -> Response:
        return Response(b"x" * 40_000)

    async with serving(Starlette(routes=[Route("/", answer)]), Settings(port=0)) as service:
        with connected(service.url) as client:
            client.sendall(ASKED)
            assert not is_cut(client)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    while not is_cut(client):  # noqa: ASYNC110 (nobody tells)
                        await asyncio.sleep(0.02)
            assert is_cut(client)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
async def test_a_connection_that_the_system_ends_is_no_fault(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    narrow(monkeypatch)
    monkeypatch.setattr(websockets, "CLOSING", 0)
    left = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 40_000
                await asyncio.sleep(0)
        finally:
            left.set()

    async def answer(_: Request) -> Response:
        return StreamingResponse(pieces())

    async with serving(Starlette(routes=[Route("/", answer)]), Settings(port=0, ws_pong_timeout_ms=1_000)) as service:
        with connected(service.url) as client:
            client.sendall(ASKED)
            async with asyncio.timeout(PATIENCE):
                await left.wait()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
