"""What a browser or a cache has already is not sent again, and nothing is kept that may not be."""

from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.ops.access import SCOPE_KEY, Principal
from app.ops.compression import Compression
from app.ops.validators import Validators

LONG = b'{"t":[' + b"1709285400," * 1_000 + b"0]}"
HELD = "public, max-age=0, s-maxage=1"


async def answer(request: Request) -> Response:
    """LONG, with the status and headers that are asked for."""
    query = request.query_params
    if "private" in query:
        request.scope[SCOPE_KEY] = Principal("alice", "token")
    headers = {name: query[name] for name in ("etag", "cache-control") if name in query}
    return Response(LONG, int(query.get("status", 200)), headers, media_type="application/json")


async def stream(_: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield LONG
        yield LONG

    return StreamingResponse(chunks(), media_type="text/csv")


@pytest.fixture
def client() -> Iterator[TestClient]:
    routes = [Route("/", answer, methods=["GET", "POST"]), Route("/stream", stream)]
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Compression), Middleware(Validators)])) as client:
        yield client


def test_who_has_the_answer_is_told_so_without_it(client: TestClient) -> None:
    first = client.get("/", params={"cache-control": HELD}, headers={"Accept-Encoding": "identity"})
    tag = first.headers["etag"]
    assert (first.status_code, first.content, tag[0]) == (200, LONG, '"')
    again = client.get("/", params={"cache-control": HELD}, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"], again.headers["cache-control"]) == (304, b"", tag, HELD)
    assert "content-type" not in again.headers


@pytest.mark.parametrize("asked", ['W/{0}, "other"', '"other",{0}', "*", "{0}"])
def test_a_tag_counts_among_others_and_weakened_by_compression(client: TestClient, asked: str) -> None:
    packed = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["etag"].startswith("W/")
    again = client.get("/", headers={"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.headers["etag"]) == (304, packed.headers["etag"])
    assert client.get("/", headers={"If-None-Match": asked.format(packed.headers["etag"].removeprefix("W/"))}).status_code == 304


@pytest.mark.parametrize("asked", ['"other"', "", "W/", '"' + "x" * 10_000, "a,b,,c"])
def test_other_tags_get_the_answer(client: TestClient, asked: str) -> None:
    assert client.get("/", headers={"If-None-Match": asked}).content == LONG


def test_an_answers_own_tag_is_kept(client: TestClient) -> None:
    assert client.get("/", params={"etag": '"own"'}, headers={"Accept-Encoding": "identity"}).headers["etag"] == '"own"'
    assert client.get("/", params={"etag": '"own"'}, headers={"If-None-Match": '"own"'}).status_code == 304


def test_head_is_answered_like_get(client: TestClient) -> None:
    tag = client.get("/", headers={"Accept-Encoding": "identity"}).headers["etag"]
    head = client.head("/", headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.headers["etag"]) == (200, tag)
    assert client.head("/", headers={"If-None-Match": tag}).status_code == 304


def test_failures_and_writes_are_kept_nowhere(client: TestClient) -> None:
    for response in (client.get("/?status=404"), client.get("/?status=503"), client.post("/")):
        assert response.headers["cache-control"] == "no-store"
        assert "etag" not in response.headers
    assert client.get("/").headers["cache-control"] == "no-cache"


def test_what_may_not_be_kept_has_no_tag(client: TestClient) -> None:
    assert "etag" not in client.get("/", params={"cache-control": "no-store"}).headers


def test_what_took_a_credential_is_for_its_owner(client: TestClient) -> None:
    assert client.get("/", params={"cache-control": HELD, "private": 1}).headers["cache-control"] == "private, no-cache"
    assert client.get("/", params={"cache-control": "no-store", "private": 1}).headers["cache-control"] == "no-store"


def test_streams_pass_as_they_are(client: TestClient) -> None:
    response = client.get("/stream")
    assert (response.content, response.headers["cache-control"]) == (LONG * 2, "no-cache")
    assert "etag" not in response.headers
