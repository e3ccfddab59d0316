"""Clients that read too slowly, or not at all: what they cost, how they end, and that nobody else notices."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pusher
import pytest
from websockets.frames import Frame, Opcode

from app.domain.news import Committed
from app.live.memory import MemoryBus
from app.main import create_app
from app.pushing import LOCAL_ID
from app.settings import Settings
from app.settings.live import LOCAL_KEY
from app.store.client import Database
from tests.live.pusher.conftest import SECRET
from tests.narrow import connected, is_cut, narrow, upgraded
from tests.store.rows import CHAIN, trade
from tests.streams.served import NOON, PATIENCE, Client, Service, World, counted, figure, serving

pytestmark = pytest.mark.anyio

STATES = 2_500
"""Of nine bars: 5 MB, more than sockets hold."""

TRADES = 400
"""Of a commit: 60 kB of frames."""

COMMIT = 100_000
"""More bytes than that."""

STREAMS = "/ws?streams=gold@trade/gold@kline_1m"
PUSHER = "/app/local?protocol=7"
ALL = {"port": 0, "rate_limit_requests": 0, "pusher_local_secret": SECRET, "ws_send_queue_max_msgs": 1_000_000}


@pytest.fixture(autouse=True)
def _figures_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.observing.MOMENT", 0)


class Place:
    """A service, its metrics, and its news."""

    def __init__(self, service: Service, bus: MemoryBus, http: httpx2.AsyncClient) -> None:
        self.service = service
        self.http = http
        self._bus = bus
        self._block = 1
        self._library = pusher.Pusher(LOCAL_ID, LOCAL_KEY, SECRET, ssl=False, host="127.0.0.1", port=int(service.url.rpartition(":")[2]))

    def commit(self) -> list[str]:
        """Trades of GOLD: their prices, each of which is there once."""
        self._block += 1
        prices = range(TRADES * self._block, TRADES * (self._block + 1))
        rows = tuple(trade(self._block, place, 1, price, 10, timestamp=NOON) for place, price in enumerate(prices))
        self._bus.publish(Committed(CHAIN, self._block - 1, self._block, NOON, frozenset({1}), rows))
        return [str(price) for price in prices]

    async def trigger(self) -> None:
        """100 kB on the channel `c`."""
        batch = [{"channel": "c", "name": "n", "data": "d" * 10_000} for _ in range(10)]
        await asyncio.to_thread(self._library.trigger_batch, batch)

    async def figure(self, name: str, kind: str = "stream") -> int:
        """What its metrics tell of WebSockets."""
        return figure((await self.http.get(f"{self.service.url}/metrics")).text, name, kind)

    @contextlib.asynccontextmanager
    async def hearing(self, **options: Any) -> AsyncIterator[Client]:
        """A client that is told everything from here on."""
        async with self.service.client(STREAMS, **options) as client:
            assert {frame["data"]["e"] for frame in await client.frames(2)} == {"reset", "kline"}
            yield client

    async def heard(self, *wanted: tuple[str, int]) -> None:
        """Wait until so much is subscribed to by WebSockets of each kind."""
        async with asyncio.timeout(PATIENCE):
            for kind, count in wanted:
                while await self.figure("subscriptions", kind) != count:  # noqa: ASYNC110 (nobody tells)
                    await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def place(database: Database, **settings: Any) -> AsyncIterator[Place]:
    """One with a market that was traded."""
    chosen = Settings.model_validate(ALL | settings)
    bus = MemoryBus(chosen.bus_queue_rows)
    await World(database, bus).trades(0, 2000)
    async with serving(create_app(chosen, database, bus), chosen) as service, httpx2.AsyncClient() as http:
        yield Place(service, bus, http)


async def prices(client: Client, count: int) -> list[str]:
    """Of the next trades."""
    found: list[str] = []
    while len(found) < count:
        told = (await client.next())["data"]
        if told["e"] == "trade":
            found.append(told["p"])
    client.script.clear()
    return found


@pytest.mark.parametrize(
    ("bound", "most", "reason"),
    [
        ({"ws_send_queue_max_msgs": 20}, COMMIT, "too slow: too many messages wait"),
        ({"ws_send_queue_max_bytes": 2 * COMMIT}, 3 * COMMIT, "too slow: too many messages wait"),
        ({"ws_stall_timeout_ms": 1_000}, None, "a message was not taken in time"),
    ],
    ids=["messages", "bytes", "time"],
)
async def test_who_does_not_read_costs_so_much_and_is_disconnected_while_others_get_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch, bound: dict[str, int], most: int | None, reason: str
) -> None:
    narrow(monkeypatch)
    async with place(database, **bound) as made, made.hearing() as reading:
        with connected(made.service.url) as held:
            async with made.hearing(sock=held, max_queue=1, ping_interval=None) as slow:
                await made.heard(("stream", 4))
                async with asyncio.timeout(PATIENCE):
                    while await made.figure("subscriptions") == 4:
                        expected = made.commit()
                        assert await prices(reading, TRADES) == expected
                        assert most is None or await made.figure("waiting_bytes") <= most
                assert await made.figure("waiting_bytes") == 0
                assert await slow.end() == (1013, reason)  # it reads again
        expected = made.commit()
        assert await prices(reading, TRADES) == expected
        await counted(made.http, made.service, {("stream", "1013"): 1})


@pytest.mark.parametrize(
    ("bounds", "codes"),
    [({"ws_send_queue_max_bytes": COMMIT}, ("1013", "4100")), ({"ws_stall_timeout_ms": 100}, ("1013", "1006"))],
    ids=["too much waits", "for too long"],
)
async def test_of_who_never_reads_again_nothing_stays(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    bounds: dict[str, int],
    codes: tuple[str, str],
) -> None:
    narrow(monkeypatch)
    for name in (
        "live.connection.CLOSING_SECONDS",
        "live.pusher.socket.CLOSING_SECONDS",
        "ops.websockets.CLOSING",
        "ops.websockets.TAKING",
    ):
        monkeypatch.setattr(f"app.{name}", 0.1)
    monkeypatch.setattr("app.live.pusher.session.WAITING_BYTES", bounds.get("ws_send_queue_max_bytes", 1 << 30))
    monkeypatch.setattr("app.live.pusher.socket.SEND_SECONDS", bounds.get("ws_stall_timeout_ms", 60_000) / 1_000)
    async with place(database, **bounds) as made, deaf(made) as (stream, channel):
        await made.heard(("stream", 2), ("pusher", 1))
        async with asyncio.timeout(PATIENCE):
            while await made.figure("subscriptions"):
                made.commit()
            while await made.figure("subscriptions", "pusher"):
                await made.trigger()
        await cut(stream, channel)
        await counted(made.http, made.service, {("stream", codes[0]): 1, ("pusher", codes[1]): 1})
        assert await made.figure("connections") == await made.figure("connections", "pusher") == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_who_hangs_up_when_told_is_left_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("app.ops.websockets.CLOSING", 0.05)
    async with place(database) as made, made.service.client("/ws") as client:
        await client.say("x" * 70_000)
        assert (await client.end())[0] == 1009
        await client.opened.wait_closed()
        await asyncio.sleep(0.2)  # longer than it had
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_who_does_not_even_take_pings_is_hung_up_on(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    narrow(monkeypatch)
    monkeypatch.setattr("app.ops.websockets.TAKING", 0.1)
    async with place(database, ws_ping_period_ms=100, ws_pong_timeout_ms=2_000) as made, deaf(made) as (stream, channel):
        async with answering(stream, channel), asyncio.timeout(PATIENCE):
            await made.heard(("stream", 2), ("pusher", 1))
            while not await made.figure("waiting_bytes"):
                made.commit()
            while not await made.figure("waiting_bytes", "pusher"):
                await made.trigger()
        await cut(stream, channel)
        await counted(made.http, made.service, {("stream", "1011"): 1, ("pusher", "1011"): 1})
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@contextlib.asynccontextmanager
async def answering(*clients: socket.socket) -> AsyncIterator[None]:
    """Let *clients* say that they are there, until the block ends."""

    async def answer() -> None:
        while True:
            for client in clients:
                await asyncio.get_running_loop().sock_sendall(client, Frame(Opcode.PONG, b"").serialize(mask=True))
            await asyncio.sleep(0.1)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(answer())
        yield
        task.cancel()


@contextlib.asynccontextmanager
async def deaf(made: Place) -> AsyncIterator[tuple[socket.socket, socket.socket]]:
    """Clients that never read: one of streams, and one of the channel `c`."""
    with await upgraded(made.service.url, STREAMS) as stream, await upgraded(made.service.url, PUSHER) as channel:
        said = Frame(Opcode.TEXT, b'{"event":"pusher:subscribe","data":{"channel":"c"}}')
        channel.sendall(said.serialize(mask=True))
        yield stream, channel


async def cut(*clients: socket.socket) -> None:
    """Wait until the server has hung up on *clients*, whatever they did not take."""
    async with asyncio.timeout(PATIENCE):
        while not all(is_cut(client) for client in clients):  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.02)


async def test_who_reads_late_misses_states_but_not_the_newest(database: Database) -> None:
    """What waits for it is a state of each bar, and what sockets hold; who reads is told each state meanwhile."""
    settings = Settings(port=0, rate_limit_requests=0)
    bus = MemoryBus(settings.bus_queue_rows)
    made = World(database, bus)
    await made.trades(0, 2000)
    streams = "/".join(f"gold@kline_{name}" for name in ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"))
    async with serving(create_app(settings, database, bus), settings) as service:
        with await upgraded(service.url, f"/ws?streams={streams}") as slow:
            async with service.client("/ws?streams=gold@kline_1m") as client:
                assert (await client.next())["data"]["k"]["c"] == "2000"
                for number in range(1, STATES + 1):
                    rows = (trade(number + 1, 0, 1, 2_000 + number, 10, timestamp=NOON),)
                    bus.publish(Committed(CHAIN, number, number + 1, NOON, frozenset({1}), rows))
                    assert (await client.next())["data"]["k"]["c"] == str(2_000 + number)
                    client.script.clear()
            newest, heard = f'"c":"{2_000 + STATES}"'.encode(), b""
            async with asyncio.timeout(PATIENCE):
                while heard.count(newest) < 9:
                    heard += await asyncio.get_running_loop().sock_recv(slow, 1 << 20)
    assert heard.count(b'"e":"kline"') < 9 * STATES
