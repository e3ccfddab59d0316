"""Requests longer than anything here needs."""

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from app.feed.failures import ENVELOPE, Failures, passed_on
from app.ops import bounds
from app.ops.bounds import Bounds


async def echo(request: Request) -> Response:
    return Response(await request.body())


@pytest.fixture
def client() -> Iterator[TestClient]:
    guards = [Middleware(Failures, form=ENVELOPE), Middleware(Bounds, query_bytes=20, body_bytes=100)]
    routes = [Route("/", echo, methods=["GET", "POST"])]
    with TestClient(Starlette(routes=routes, middleware=guards, exception_handlers={HTTPException: passed_on})) as client:
        yield client


def test_a_query_string_has_a_bound(client: TestClient) -> None:
    assert client.get("/?" + "q" * 20).status_code == 200
    refused = client.get("/?" + "q" * 21)
    assert refused.status_code == 414
    assert refused.json() == {"success": False, "error": "the query string is longer than 20 bytes"}


def test_a_body_has_a_bound(client: TestClient) -> None:
    assert client.post("/", content=b"x" * 100).content == b"x" * 100
    refused = client.post("/", content=b"x" * 101)
    assert refused.status_code == 413
    assert refused.json() == {"success": False, "error": "the body is longer than 100 bytes"}


def test_a_body_of_unknown_length_is_refused_while_it_is_read(client: TestClient) -> None:
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        for _ in range(11):
            read += 10
            yield b"x" * 10

    refused = client.post("/", content=chunks())
    assert refused.status_code == 413
    assert refused.json()["success"] is False
    assert client.post("/", content=iter([b"x" * 100])).status_code == 200


@pytest.mark.parametrize("length", ["9" * 5_000, "-1", "x"])
def test_a_length_that_is_none_does_no_harm(client: TestClient, length: str) -> None:
    assert client.post("/", content=b"x", headers={"Content-Length": length}).status_code in (200, 413)


@pytest.mark.anyio
async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "BODY_SECONDS", 0.01)
    coming: asyncio.Queue[Message] = asyncio.Queue()
    coming.put_nowait({"type": "http.request", "body": b"half", "more_body": True})

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()

    scope = {"type": "http", "method": "POST", "headers": [], "query_string": b""}
    with pytest.raises(HTTPException) as refused:
        await Bounds(read, query_bytes=20, body_bytes=100)(scope, coming.get, send=cast(Send, None))
    assert refused.value.status_code == 408


@pytest.mark.anyio
async def test_a_client_may_stay_after_its_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "BODY_SECONDS", 0.01)
    coming: asyncio.Queue[Message] = asyncio.Queue()
    coming.put_nowait({"type": "http.request", "body": b"all"})

    async def watch(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        assert await request.body() == b"all"
        leaving = asyncio.ensure_future(receive())
        await asyncio.sleep(0.05)
        assert not leaving.done()
        leaving.cancel()

    scope = {"type": "http", "method": "POST", "headers": [], "query_string": b""}
    await Bounds(watch, query_bytes=20, body_bytes=100)(scope, coming.get, send=cast(Send, None))
