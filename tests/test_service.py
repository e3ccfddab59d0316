"""The server itself, whatever it serves."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.settings import Settings
from tests.streams.served import PATIENCE, serving

ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n"

pytestmark = pytest.mark.anyio


async def answer(_: object) -> PlainTextResponse:
    return PlainTextResponse("answered")


async def test_a_connection_is_kept_for_the_next_request_and_closed_when_none_comes() -> None:
    settings = Settings(port=0, http_keep_alive_ms=300)
    async with serving(Starlette(routes=[Route("/", answer)]), settings) as service, asyncio.timeout(PATIENCE):
        host, _, port = service.url.removeprefix("http://").partition(":")
        for begun in (b"", ASKED):  # nothing, and half a request
            reader, writer = await asyncio.open_connection(host, int(port))
            for _ in range(2):
                writer.write(ASKED + b"\r\n")
                assert (await reader.readuntil(b"answered")).startswith(b"HTTP/1.1 200")
            writer.write(begun)
            assert await reader.read() == b""
            writer.close()
