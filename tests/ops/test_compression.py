"""Large texts are compressed for those who take it, and nothing else is."""

import gzip
import os
from collections.abc import AsyncIterator, Iterator

import pytest
from backports import zstd
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from app.ops.compression import LEAST_BYTES, THREAD_BYTES, Compression, accepted
from app.ops.packed import BUDGET, LARGEST, Packed

LONG = b'{"t":[' + b"1709285400," * 1_000 + b"0]}"


async def answer(request: Request) -> Response:
    """The text that is asked for, of the type, status and ETag that are asked for."""
    query = request.query_params
    body = {"long": LONG, "short": b"x" * (LEAST_BYTES - 1), "least": b"x" * LEAST_BYTES, "huge": LONG * 20}[query.get("body", "long")]
    headers = {name: query[name] for name in ("etag", "content-encoding") if name in query}
    return Response(body, int(query.get("status", 200)), headers, media_type=query.get("type", "application/json"))


async def stream(_: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield LONG
        yield b""

    return StreamingResponse(chunks(), media_type="text/csv")


@pytest.fixture
def client() -> Iterator[TestClient]:
    routes = [Route("/", answer), Route("/stream", stream)]
    with TestClient(Starlette(routes=routes, middleware=[Middleware(Compression)])) as client:
        yield client


def raw(client: TestClient, path: str, accepts: str) -> tuple[bytes, dict[str, str]]:
    """An answer's bytes as they came, and its headers."""
    with client.stream("GET", path, headers={"Accept-Encoding": accepts}) as response:
        return b"".join(response.iter_raw()), dict(response.headers)


def unpacked(body: bytes, encoding: str) -> bytes:
    return gzip.decompress(body) if encoding == "gzip" else zstd.decompress(body)


@pytest.mark.parametrize("path", ["/", "/?body=huge", "/?body=least", "/stream", "/?type=text/html;charset=utf-8"])
@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_who_takes_it_gets_less_that_means_the_same(client: TestClient, path: str, encoding: str) -> None:
    plain, _ = raw(client, path, "identity")
    for _ in range(2):
        packed, headers = raw(client, path, encoding)
        assert headers["content-encoding"] == encoding
        assert len(packed) < len(plain) / 5
        assert unpacked(packed, encoding) == plain
        assert path == "/stream" or headers["content-length"] == str(len(packed))
    assert len(LONG) * 20 > THREAD_BYTES


@pytest.mark.parametrize(
    "path",
    [
        "/?body=short",
        "/?content-encoding=br",
        "/?type=application/vnd.apache.parquet",
        "/?type=image/png",
        "/?type=text/event-stream",
        "/?status=206",
    ],
)
def test_what_is_short_packed_or_no_text_stays_as_it_is(client: TestClient, path: str) -> None:
    assert raw(client, path, "gzip, zstd")[0] == raw(client, path, "identity")[0]


def test_an_etag_becomes_weak_for_the_bytes_are_others(client: TestClient) -> None:
    assert raw(client, '/?etag="a"', "gzip")[1]["etag"] == 'W/"a"'
    assert raw(client, '/?etag=W/"a"', "gzip")[1]["etag"] == 'W/"a"'
    assert raw(client, '/?etag="a"', "identity")[1]["etag"] == '"a"'
    assert raw(client, '/?etag="a"&body=short', "gzip")[1]["etag"] == '"a"'


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (b"gzip, deflate, br, zstd", "zstd"),
        (b"gzip, deflate, br", "gzip"),
        (b"GZIP;q=0.5", "gzip"),
        (b"gzip;q=0", ""),
        (b"zstd;q=0.000, gzip", "gzip"),
        (b"gzip ; q=0.001", "gzip"),
        (b"br", ""),
        (b"identity", ""),
        (b"", ""),
        (b";;,,q=", ""),
        (b"\xff", ""),
    ],
)
def test_only_what_the_client_takes(header: bytes, encoding: str) -> None:
    assert accepted(header) == encoding


def test_what_is_remembered_has_a_bound() -> None:
    packed = Packed()
    for _ in range(200):
        packed.put("gzip", os.urandom(LARGEST), b"x")
        assert packed.size <= BUDGET
    newest = os.urandom(1_000)
    packed.put("gzip", newest, b"small")
    assert packed.get("gzip", newest) == b"small"
    assert packed.get("zstd", newest) is None
    before = packed.size
    packed.put("gzip", os.urandom(LARGEST + 1), b"x")
    assert packed.size == before
