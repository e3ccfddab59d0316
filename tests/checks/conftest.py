"""What checks meet: the real engine behind its HTTP interface, a real Redis, ports that do not answer as they should."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.checks.all import run
from app.checks.finding import Found
from app.checks.service import Service
from app.settings import Settings
from app.store.client import Database
from tests.cache.servers import HOST, RedisServer
from tests.certificates import self_signed
from tests.store.bridge import Bridge

SECONDS = 30.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server(engine_path: Path, _engine: Database) -> Iterator[Bridge]:
    """A ClickHouse server in front of the tests' engine."""
    with Bridge(engine_path).serving() as bridge:
        yield bridge


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A Redis of the checks' own."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts, with its key."""
    return self_signed(tmp_path_factory.mktemp("tls") / "both.pem")


@contextlib.asynccontextmanager
async def port(*, silent: bool, certificate: Path | None = None) -> AsyncIterator[int]:
    """A port that takes connections, over TLS with a *certificate*, and is *silent* then, or hangs up at once."""
    taken = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(writer)
        if not silent:
            writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
    if context and certificate:
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(take, HOST, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in taken:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def found(settings: Settings, service: Service, seconds: float = SECONDS, *, event: bool = False) -> list[Found]:
    """What a check finds of *service*."""
    return [one.found for one in await run(settings, [service], seconds=seconds, event=event)]


async def failure(settings: Settings, service: Service, seconds: float = SECONDS) -> Found:
    """The one thing that it finds: a failure, which says what to do."""
    (one,) = await found(settings, service, seconds)
    assert one.level == "failed", one
    assert one.help, one
    return one
