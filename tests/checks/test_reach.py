"""Each step of the way to a server fails with its own words."""

import socket
from pathlib import Path
from unittest.mock import Mock

import pytest

from app.checks.finding import Failed
from app.checks.reach import reach
from tests.checks.conftest import port

pytestmark = pytest.mark.anyio


async def told(host: str, number: int, *, tls: bool = False, seconds: float = 5.0, verified: bool = True) -> str:
    with pytest.raises(Failed) as failed:
        await reach(host, number, tls=tls, setting="SOME_URL", seconds=seconds, verified=verified, hint="A hint.")
    assert "SOME_URL" in failed.value.found.help
    return failed.value.found.text


async def test_a_name_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    monkeypatch.setattr(socket, "getaddrinfo", Mock(side_effect=unknown))
    assert await told("db.example.org", 443) == "db.example.org is not known to DNS"
    monkeypatch.setattr(socket, "getaddrinfo", Mock(side_effect=socket.gaierror(socket.EAI_AGAIN, "Temporary failure")))
    with pytest.raises(Failed, match="no DNS server answers"):
        await reach("db.example.org", 443, tls=False, setting="SOME_URL", seconds=5)
    monkeypatch.undo()
    assert await told("a" * 64 + ".example.org", 443) == "a" * 64 + ".example.org can be no host's name"


async def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    assert await told("127.0.0.1", number) == f"127.0.0.1 port {number} refuses connections"


async def test_tls_that_is_not_there(certificate: Path) -> None:
    async with port(silent=True) as number:
        assert await told("127.0.0.1", number, tls=True, seconds=0.2) == f"127.0.0.1 port {number} takes connections, but speaks no TLS"
    async with port(silent=False) as number:
        assert await told("127.0.0.1", number, tls=True) == f"127.0.0.1 port {number} speaks no TLS"
    async with port(silent=True, certificate=certificate) as number:
        assert "certificate that is not to be trusted" in await told("127.0.0.1", number, tls=True)
        assert await reach("127.0.0.1", number, tls=True, setting="SOME_URL", seconds=5, verified=False) >= 0


async def test_who_goes_by_a_proxy_is_not_tried_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert await reach("db.example.org", 443, tls=True, setting="SOME_URL", seconds=5, proxied=True) == 0
    with pytest.raises(Failed, match="refuses"):
        await reach("127.0.0.1", 1, tls=True, setting="SOME_URL", seconds=5, proxied=True)
