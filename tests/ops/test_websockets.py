"""What the server does for WebSockets beyond what hypercorn does."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosedOK
from websockets.frames import Opcode
from websockets.sync.client import ClientConnection, connect

from app.live.sending import ENDED, WRITE
from app.ops import websockets
from app.settings import Settings
from tests.browser.server import serving
from tests.loops import UVLOOP
from tests.streams import served

PATIENCE = 60.0
LONG = "x" * 60_000


@contextmanager
def talking(talk: Callable[[WebSocket], object]) -> Iterator[ClientConnection]:
    """A client of an app that does nothing but *talk*; it could compress."""
    with serving(Starlette(routes=[WebSocketRoute("/", talk)])) as url, connect(url.replace("http", "ws"), proxy=None) as client:
        yield client


@pytest.mark.anyio
async def test_who_leaves_pings_unanswered_is_told_so_and_left() -> None:
    left = asyncio.Event()

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        while (await websocket.receive())["type"] != "websocket.disconnect":
            await websocket.send_text("heard")
        left.set()

    settings = Settings(port=0, ws_ping_period_ms=200, ws_pong_timeout_ms=1_000)
    async with (
        served.serving(Starlette(routes=[WebSocketRoute("/", talk)]), settings) as service,
        service.client("/", ping_interval=None) as good,
        service.client("/", ping_interval=None) as dumb,
    ):
        send = dumb.opened.protocol.send_frame
        dumb.opened.protocol.send_frame = lambda frame: None if frame.opcode is Opcode.PONG else send(frame)  # type: ignore[method-assign]
        assert await dumb.end() == (1011, websockets.NO_ANSWER)
        await asyncio.wait_for(left.wait(), PATIENCE)
        await good.opened.send("still there")
        assert await asyncio.wait_for(good.opened.recv(), PATIENCE) == "heard"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return UVLOOP


def test_both_rooms_name_the_extensions_alike() -> None:
    assert (WRITE, ENDED) == (websockets.WRITE, websockets.ENDED)


def test_nothing_is_compressed() -> None:
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()

    with talking(talk) as client:
        assert client.protocol.extensions == []


@pytest.mark.parametrize("text", ["short", "é" * 200, LONG, "x" * 70_000])
def test_what_is_written_at_once_is_what_is_sent(text: str) -> None:
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        write = websocket.scope["extensions"][WRITE]
        assert write(text)
        await websocket.send_text("sent")
        assert write(text + "!")
        await websocket.close()

    with talking(talk) as client:
        assert [client.recv(timeout=PATIENCE) for _ in range(3)] == [text, "sent", text + "!"]


def test_nothing_is_written_before_a_connection_begins_or_after_it_has_ended() -> None:
    written: list[bool] = []

    async def talk(websocket: WebSocket) -> None:
        write = websocket.scope["extensions"][WRITE]
        written.append(write("early"))
        await websocket.accept()
        await websocket.send_text("in time")
        await websocket.close()
        written.append(write("late"))
        assert (await websocket.receive())["type"] == "websocket.disconnect"
        written.append(write("later"))

    with talking(talk) as client:
        assert client.recv(timeout=PATIENCE) == "in time"
        with pytest.raises(ConnectionClosedOK):
            client.recv(timeout=PATIENCE)
    assert written == [False, False, False]


def test_who_does_not_read_is_written_to_no_more_until_it_has_read() -> None:
    """A bounded number of messages is kept for it, and none of them is lost."""

    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        write = websocket.scope["extensions"][WRITE]
        await websocket.receive_text()
        count = 0
        while write(LONG):
            count += 1
            await asyncio.sleep(0)
        await websocket.send_text(str(count))
        while not write("again"):  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)
        await websocket.close()

    with talking(talk) as client:
        client.send("go")
        count = 0
        while (text := client.recv(timeout=PATIENCE)) == LONG:
            count += 1
        assert text == str(count)
        assert count < 1_000
        assert client.recv(timeout=PATIENCE) == "again"
