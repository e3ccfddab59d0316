"""What a client may ask of a WebSocket, and how one ends that asks for more, or that the server leaves."""

import contextlib
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from app.live.connection import MOST_HEARD, MOST_SUBSCRIPTIONS
from app.live.hub import Hub
from app.ops.websockets import MOST_EMPTY, TOO_LONG, TOO_MANY
from app.service import LONGEST_FRAME
from app.store.client import Database
from tests.feed.points import add_market
from tests.streams.served import Service, counted, known, world

pytestmark = pytest.mark.anyio

PING = {"type": "ping"}
REALTIME = "/api/lightweight/realtime"


async def refusal(service: Service, path: str, **options: Any) -> tuple[int, bytes]:
    """Status and body of the answer to who is not let in."""
    with pytest.raises(InvalidStatus) as refused:
        async with service.client(path, **options):
            pass
    return refused.value.response.status_code, bytes(refused.value.response.body or b"")


async def test_origins(database: Database) -> None:
    async with world(database, cors_origins=("https://*.example.org",)) as (_, service):
        status, body = await refusal(service, "/ws", origin="https://example.com")
        assert (status, body) == (403, b"pages of this origin may not connect")
        for options in ({}, {"origin": "https://charts.example.org"}):
            async with service.client(REALTIME, **options) as client:
                await client.say(PING)
                assert await client.next() == {"type": "pong"}


async def test_who_is_refused_is_told_in_the_form_of_what_it_asked_for(database: Database) -> None:
    async with world(database, ws_max_connections=1, rate_limit_requests=5) as (_, service):
        async with service.client("/ws"), service.client("/stream") as another:
            assert await another.end() == (1013, "too many clients are connected; try again in a few seconds")
        assert await refusal(service, "/nowhere") == (404, b'{"error":"Not Found"}')
        status, body = await refusal(service, "/api/tradingview/nowhere")
        assert (status, body) == (404, b'{"s":"error","errmsg":"the datafeed has no such endpoint"}')
        status, body = await refusal(service, f"{REALTIME}?{'x' * 9_000}")
        assert status == 414
        assert b'"success":false' in body
        await refusal(service, REALTIME + "/nowhere")
        await refusal(service, REALTIME + "/nowhere")
        status, _ = await refusal(service, REALTIME)
        assert status == 429


@pytest.mark.parametrize(
    ("settings", "gone"),
    [
        ({"enable_realtime_streaming": False}, ["/ws", "/stream", REALTIME, "/api/tradingview/stream"]),
        ({"enable_lightweight_charts": False}, [REALTIME]),
        ({"enable_tradingview_charts": False}, ["/api/tradingview/stream"]),
    ],
)
async def test_streams_go_with_their_surfaces(database: Database, settings: dict[str, bool], gone: list[str]) -> None:
    async with world(database, **settings) as (_, service):
        for path in ("/ws", "/stream", REALTIME, "/api/tradingview/stream"):
            if path in gone:
                assert (await refusal(service, path))[0] == 404
            else:
                async with service.client(path):
                    pass


async def test_too_many_messages_too_many_subscriptions_too_long_a_message(database: Database) -> None:
    async with world(database) as (_, service):
        async with service.client("/ws") as client:
            for _ in range(2 * MOST_HEARD + 2):  # more than in any two seconds, if it takes no longer
                await client.opened.send("nonsense")
            assert await client.end() == (1008, f"more than {MOST_HEARD} messages in a second")
        for market_id in range(10, 10 + MOST_SUBSCRIPTIONS // 10 + 1):
            add_market(database, market_id, f"T{market_id}")
        intervals = ",".join(["1s", "1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"])
        symbols = ",".join(f"T{market_id}" for market_id in range(10, 10 + MOST_SUBSCRIPTIONS // 10))
        async with service.client(f"{REALTIME}?symbol={symbols}&timeframe={intervals}") as client:
            await client.say({"type": "subscribe", "symbol": f"T{market_id}"})
            assert await client.end() == (1008, f"more than {MOST_SUBSCRIPTIONS} subscriptions")
        async with service.client("/ws") as client:
            kinds = ["trade", *(f"kline_{name}" for name in intervals.split(","))]
            asked = [f"{symbol.lower()}@{kind}" for symbol in symbols.split(",") for kind in kinds]
            await client.say({"method": "SUBSCRIBE", "params": asked[:30], "id": 1})
            assert await client.next() == {"result": None, "id": 1}
            await client.say({"method": "SUBSCRIBE", "params": asked[30:], "id": 2})
            assert await client.end() == (1008, f"more than {MOST_SUBSCRIPTIONS} subscriptions")
            assert not any("id" in frame for frame in client.heard)
        async with service.client("/ws") as client:
            await client.opened.send("x" * LONGEST_FRAME)
            assert (await client.next())["error"]["code"] == 3
            await client.opened.send("x" * (LONGEST_FRAME + 1))
            assert await client.end() == (1009, TOO_LONG)


BROKEN = {b"\x83\x80" + bytes(4): 1002, b"\x81\x81" + bytes(4) + b"\xff": 1007}
"""What is no frame, or no text in one, and the code that says so."""


async def test_whoever_ends_a_connection_here_it_is_counted(database: Database) -> None:
    """The app's own endings, and those of which only its server knows; but not those of clients."""
    async with world(database, ws_ping_period_ms=100, ws_pong_timeout_ms=1_000) as (_, service), httpx2.AsyncClient() as http:
        async with service.client("/ws") as client:
            for _ in range(2 * MOST_HEARD + 2):
                await client.opened.send("nonsense")
            assert (await client.end())[0] == 1008
        for path in ("/ws", "/app/local?protocol=7"):
            async with service.client(path) as client:
                await client.opened.send("x" * (LONGEST_FRAME + 1))
                assert (await client.end())[0] == 1009
            for broken, code in BROKEN.items():
                async with service.client(path) as client:
                    client.opened.transport.write(broken)
                    assert (await client.end())[0] == code
            for flood in (ClientConnection.ping, ClientConnection.pong):
                async with service.client(path) as client:
                    with contextlib.suppress(ConnectionClosed):
                        for _ in range(2 * MOST_EMPTY + 2):
                            await flood(client.opened)
                    assert await client.end() == (1008, TOO_MANY)
            async with service.client(path, ping_interval=None) as client:
                send = client.opened.protocol.send_frame
                client.opened.protocol.send_frame = partial(_but_pongs, send)  # type: ignore[method-assign]
                assert (await client.end())[0] == 1011
            async with service.client(path) as client:
                await client.opened.close(1011)
        await counted(
            http,
            service,
            {
                ("stream", "1002"): 1,
                ("stream", "1007"): 1,
                ("stream", "1008"): 3,
                ("stream", "1009"): 1,
                ("stream", "1011"): 1,
                ("pusher", "1002"): 1,
                ("pusher", "1007"): 1,
                ("pusher", "1008"): 2,
                ("pusher", "1009"): 1,
                ("pusher", "1011"): 1,
            },
        )


def _but_pongs(send: Callable[[Frame], None], frame: Frame) -> None:
    if frame.opcode is not Opcode.PONG:
        send(frame)


async def test_where_not_all_markets_can_be_followed_none_is_and_the_client_hears_it_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.streams.Hub", partial(Hub, most=1))
    async with world(database) as (_, service):
        full = "too many markets are watched at once; try again later"
        async with service.client("/ws") as client:
            await client.say({"method": "SUBSCRIBE", "params": ["gold@trade", "oil@trade"], "id": 1})
            assert await client.next() == {"error": {"code": 2, "msg": full}, "id": 1}
            await client.say({"method": "SUBSCRIBE", "params": ["gold@trade"], "id": 2})
            assert await client.next() == {"result": None, "id": 2}
            async with service.client(REALTIME) as other:
                await other.say({"type": "subscribe", "symbol": "OIL"})
                assert await other.next() == {"type": "error", "message": full}
                await other.say(PING)
                assert await other.next() == {"type": "pong"}


async def test_a_server_that_stops_says_so(database: Database) -> None:
    async with world(database) as (made, service):
        await made.trades(5, 2000)
        async with (
            service.client("/ws?streams=gold@trade") as client,
            service.client(REALTIME) as idle,
            service.client("/app/local?protocol=7") as pusher,
        ):
            assert (await pusher.next())["event"] == "pusher:connection_established"
            service.stop.set()
            assert await client.end() == (1001, "the server stops")
            assert await idle.end() == (1001, "the server stops")
            assert await pusher.end() == (4200, "the server stops")  # Pusher's clients come back at once then


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
async def test_accepted_sockets_give_up_on_clients_that_acknowledge_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 4_321)
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 4_321


async def test_who_comes_back_begins_with_what_is_now(database: Database) -> None:
    async with world(database) as (made, service):
        await made.trades(5, 2000)
        for price in (2001, 2002):
            async with service.client("/api/tradingview/stream?symbol=GOLD") as client:
                await client.frames(2)
            await made.trades(price - 1990, price)
        async with service.client("/api/tradingview/stream?symbol=GOLD") as client:
            _, frame = await client.frames(2)
        assert (frame["price"], frame["volume"]) == (2002.0, 30.0)
        async with service.client("/ws") as client:
            await client.say({"method": "SUBSCRIBE", "params": ["gold@kline_1m"]})
            _, frame = await client.frames(2)
        assert (frame["k"]["c"], frame["k"]["v"], frame["k"]["x"]) == ("2002", "30", False)


async def test_only_closed_bars_where_partials_are_off(database: Database) -> None:
    async with world(database, ws_emit_partials=False) as (made, service):
        await made.trades(5, 2000)
        async with service.client(f"{REALTIME}?symbol=GOLD") as client:
            await client.next()
            async with service.client("/ws?streams=gold@trade") as other:
                await known(made, other)
            await made.trades(10, 2001)
            await made.trades(65, 2002)
            frame = await client.next()
        assert (frame["data"]["close"], frame["data"]["closed"]) == (2001.0, True)


async def test_a_bar_that_changes_often_is_told_seldom_but_its_last_state_always(database: Database) -> None:
    async with world(database, ws_partial_throttle_ms=200) as (made, service):
        await made.trades(5, 2000)
        async with service.client(f"{REALTIME}?symbol=GOLD") as client:
            await client.frames(2)
            for price in range(2001, 2031):
                await made.trades(6, price)
            closes = [(await client.next())["data"]["close"]]
            while closes[-1] != 2030.0:
                closes.append((await client.next())["data"]["close"])
            assert closes == sorted(set(closes))
            await made.trades(65, 1999)
            frames = await client.frames(2)
        assert [(frame["data"]["close"], frame["data"]["closed"]) for frame in frames] == [(2030.0, True), (1999.0, False)]
