"""Clients that send too much, too slowly, or come and go by the thousand: others are answered meanwhile, and nothing of it stays."""

import asyncio
import contextlib
import itertools
import socket
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest
from websockets.asyncio.client import connect

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import serving_in_thread
from app.ops import files
from tests.depth import DEEP
from tests.drills.waiting import PATIENCE, PAUSE, answers, get, until
from tests.e2e.processes import Processes

ALL: Final = "serve --all"
CONNECTIONS: Final = 1_000 if DEEP else 200
ROUNDS: Final = 10 if DEEP else 2

ROOM: Final = 48 << 20
"""Bytes by which a process may grow under a drill: what its engine and its allocator keep for the next time."""

CHART: Final = "/api/tradingview/history?symbol=GOLD&resolution=1&from=0&to=4000000000&countback=300"


class Crowded:
    """A service on a store of its own, beside its listener."""

    def __init__(self, processes: Processes) -> None:
        self.url = processes.url(ALL)
        parts = urlsplit(self.url)
        self.address = (parts.hostname or "", parts.port or 0)
        self._process = processes.seen(ALL)

    def memory(self) -> int:
        """Bytes that it has in memory."""
        return int(self._process.memory_info().rss)

    def connections(self) -> int:
        """Those of clients."""
        return sum(bool(found.raddr) and found.laddr[1] == self.address[1] for found in self._process.net_connections("tcp"))

    def open_files(self) -> int:
        """Connections included."""
        return int(self._process.num_fds())

    def is_answering(self) -> None:
        """To who asks properly."""
        answer = get(self.url + CHART)
        assert (answer.status_code, answer.json()["s"]) == (200, "ok")

    def said(self, request: bytes) -> bytes:
        """All that it answers to *request*, until it ends the connection."""
        with socket.create_connection(self.address, PATIENCE) as client:
            with contextlib.suppress(OSError):  # it may hang up while there is still more
                client.sendall(request)
            return _rest(client)


def _rest(client: socket.socket) -> bytes:
    found = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := client.recv(65_536):
            found += piece
    return bytes(found)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowded]:
    folder = tmp_path_factory.mktemp("crowded")
    files.allow(2 * CONNECTIONS)
    chain = DemoChain(Genesis(time=int(time.time()) - 600, seed=4, activity=10.0, history=0), clock=None, head=100)
    with serving_in_thread(chain) as node:
        settings = {
            "RPC_URL": node.url, "DATA_DIR": str(folder / "data"), "POLL_INTERVAL_MS": "500", "RATE_LIMIT_REQUESTS": "0",
            "RATE_LIMIT_HISTORY": "0", "CHARTS_MAX_SECONDS": "5", "LIVE_PRICES_INTERVAL_MS": "0",
            "PUSHER_LOCAL_SECRET": "a-secret-of-32-bytes-or-more-000",
            "CRON_SECRET": "a-secret-of-16-bytes-or-more", "ALCHEMY_SIGNING_KEYS": "whsec_0123456789abcdef",
        }  # fmt: skip
        with Processes(folder, settings).running(ALL) as processes:
            place = processes.url(ALL)
            until(lambda: answers(f"{place}/readyz") and get(place + CHART).status_code == 200, "it is ready", lambda: processes.log(ALL))
            made = Crowded(processes)
            made.is_answering()
            yield made


HALF: Final = (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"", b"G")
"""Requests that never end."""


def test_half_open_connections_are_ended_and_nobody_waits_for_them(crowded: Crowded) -> None:
    before = crowded.memory()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(crowded.address, PATIENCE)) for _ in range(CONNECTIONS)]
        for client, half in zip(clients, itertools.cycle(HALF), strict=False):
            client.sendall(half)
        crowded.is_answering()
        for client in clients:
            _rest(client)  # until it is ended there
    until(lambda: crowded.connections() == 0, "its connections are closed")
    assert crowded.memory() < before + ROOM


POSTED: Final = {
    "/api/tradingview/storage/1.1/charts?client=a&user=b": b"408",
    "/api/pusher/auth": b"403",
    "/api/pusher/webhook": b"408",
    "/api/ingest/webhook": b"401",
    "/apps/1/events": b"401",
    "/api/internal/tick": b"401",
    "/api/tradingview/config": b"405",
    "/nowhere": b"404",
}
"""What each answers to a body that does not come: who reads it says so, others do not wait for it."""


def test_bodies_that_do_not_come_are_not_waited_for_for_ever(crowded: Crowded) -> None:
    head = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\nname="
    with contextlib.ExitStack() as stack:
        clients = {path: stack.enter_context(socket.create_connection(crowded.address, PATIENCE)) for path in POSTED}
        for path, client in clients.items():
            client.sendall(head.format(path).encode())
        crowded.is_answering()
        told = {path: _rest(client) for path, client in clients.items()}
    assert {path: answer[9:12] for path, answer in told.items()} == POSTED


def test_what_is_too_large_is_refused_before_it_is_in_memory(crowded: Crowded) -> None:
    before = crowded.memory()
    huge = b"x" * (8 << 20)
    begin = b"GET /api/tradingview/config HTTP/1.1\r\nHost: x\r\n"
    chunk = b"100000\r\n" + b"y" * 0x100000 + b"\r\n"
    posted = b"POST /api/pusher/webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    requests = {
        "a header": (begin + b"X-Large: " + huge + b"\r\n\r\n", b" 4"),
        "many headers": (begin + b"X-Many: 1\r\n" * 200_000 + b"\r\n", b" 4"),
        "a path": (b"GET /" + huge + b" HTTP/1.1\r\nHost: x\r\n\r\n", b" 4"),
        "a query string": (
            b"GET /api/tradingview/config?q=" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            b" 414",
        ),
        "a body": (posted + b"Content-Length: 8388608\r\nConnection: close\r\n\r\n" + huge, b" 413"),
        "a body in pieces": (posted + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunk * 8 + b"0\r\n\r\n", b" 413"),
    }
    for what, (request, status) in requests.items():
        told = [crowded.said(request) for _ in range(4)]  # what is still on its way may undo an answer
        assert {answer[: len(status) + 8] for answer in told if answer} == {b"HTTP/1.1" + status}, what
    crowded.is_answering()
    assert crowded.memory() < before + ROOM


async def _come_and_go(crowded: Crowded, connections: int) -> None:
    """As many keep-alive and WebSocket connections at once, half of each kind; the service counts them."""
    sockets = crowded.url.replace("http", "ws")
    subscribe = orjson.dumps({"type": "subscribe", "symbol": "GOLD", "resolution": "1"}).decode()
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url=crowded.url, timeout=PATIENCE, limits=limits))

        async def listen() -> None:
            client = await stack.enter_async_context(connect(f"{sockets}/api/tradingview/stream", proxy=None, open_timeout=PATIENCE))
            await client.send(subscribe)
            await client.recv()

        async def ask() -> None:
            assert (await http.get(CHART)).status_code == 200

        async with asyncio.TaskGroup() as group:
            for _ in range(connections // 2):
                group.create_task(listen())
                group.create_task(ask())
        async with asyncio.timeout(PATIENCE):
            while (await http.get("/stats")).json()["ws_connections"] != connections // 2:  # noqa: ASYNC110 (only asking tells)
                await asyncio.sleep(PAUSE)


def test_a_thousand_connections_come_and_go(crowded: Crowded) -> None:
    memory, open_files = list[int](), list[int]()
    for _ in range(ROUNDS):
        asyncio.run(_come_and_go(crowded, CONNECTIONS))
        until(lambda: crowded.connections() == 0, "all are closed")
        until(lambda: get(f"{crowded.url}/stats").json()["ws_connections"] == 0, "none is counted any more")
        memory.append(crowded.memory())
        open_files.append(crowded.open_files())
    crowded.is_answering()
    assert open_files[-1] <= open_files[0] + 4, open_files  # the engine has opened what it needs in the first round
    assert memory[-1] < memory[(ROUNDS - 1) // 2] + ROOM / 2, [size >> 20 for size in memory]  # its engine takes some at first
