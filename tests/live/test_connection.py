"""What waits for one client when its series are reset, or it subscribes to them no more: nothing old follows, nothing new comes before."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from starlette.websockets import WebSocketState

from app.domain.bar import Bar
from app.domain.fixed import ONE
from app.live.connection import Connection, StreamBounds
from app.live.hub import BarsOf, Hub, Told, Topic
from app.live.updates import BarUpdate

pytestmark = pytest.mark.anyio

TOPIC = BarsOf(1, "1")
THROTTLE = 0.05


class Client:
    """A WebSocket; it takes messages while it `takes`, and its session says states by their closing price."""

    def __init__(self) -> None:
        self.scope: dict[str, Any] = {}
        self.application_state = WebSocketState.CONNECTED
        self.takes = asyncio.Event()
        self.took: list[str] = []

    async def accept(self) -> None: ...

    async def receive(self) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send_text(self, text: str) -> None:
        await self.takes.wait()
        self.took.append(text)

    async def begin(self) -> None: ...

    async def heard(self, message: str | bytes) -> None: ...

    def frame(self, _: Topic, told: Told) -> str:
        assert isinstance(told.event, BarUpdate)
        assert told.event.bar
        return f"{told.event.bar.close:g}"

    def reset(self, _: Topic, __: Told) -> str:
        return "reset"


class Nobody:
    """A hub in which nothing happens."""

    def subscribe(self, _: Connection, __: Topic) -> None: ...

    def unsubscribe(self, _: Connection, __: Topic) -> None: ...


@contextlib.asynccontextmanager
async def connected(*, throttle: float = 0.0) -> AsyncIterator[tuple[Client, Connection]]:
    client = Client()
    bounds = StreamBounds(connections=1, messages=100, bytes=10_000, stall_seconds=60, partials=True, throttle_seconds=throttle)
    connection = Connection(cast(Any, client), cast(Hub, Nobody()), bounds)
    living = asyncio.create_task(connection.live(client))
    await asyncio.sleep(0)
    connection.subscribe(TOPIC)
    try:
        yield client, connection
    finally:
        living.cancel()
        await asyncio.wait({living})


def state(close: float | None, *, corrected: bool = False) -> Told:
    """Of the one bar there is; None: it is no more."""
    bar = None if close is None else Bar(60, 1.0, 9.0, 1.0, close, ONE, 1)
    return Told(BarUpdate(1, "1", bar, corrected=corrected))


async def taken(client: Client, count: int) -> list[str]:
    async with asyncio.timeout(60):
        while len(client.took) < count:  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0)
    return client.took


async def test_a_state_from_after_a_reset_takes_no_place_before_it() -> None:
    async with connected() as (client, connection):
        for told in (state(1), state(2)):
            connection.tell(TOPIC, told)
            await asyncio.sleep(0.01)  # the first is under way, the second waits
        connection.tell(TOPIC, state(3, corrected=True))
        connection.tell(TOPIC, state(4))
        client.takes.set()
        assert await taken(client, 4) == ["1", "2", "reset", "4"]


async def test_a_state_from_after_a_subscription_takes_no_place_before_it() -> None:
    async with connected() as (client, connection):
        for told in (state(1), state(2)):
            connection.tell(TOPIC, told)
            await asyncio.sleep(0.01)
        connection.unsubscribe(TOPIC)
        connection.say("unsubscribed, subscribed")
        connection.subscribe(TOPIC)
        connection.tell(TOPIC, state(3))
        client.takes.set()
        assert await taken(client, 4) == ["1", "2", "unsubscribed, subscribed", "3"]


async def test_a_state_that_is_held_back_does_not_follow_a_reset() -> None:
    async with connected(throttle=THROTTLE) as (client, connection):
        client.takes.set()
        connection.tell(TOPIC, state(1))
        connection.tell(TOPIC, state(2))
        connection.tell(TOPIC, state(None, corrected=True))
        await asyncio.sleep(3 * THROTTLE)
        connection.say("end")
        assert await taken(client, 3) == ["1", "reset", "end"]


async def test_a_state_that_is_held_back_does_not_follow_the_end_of_its_subscription() -> None:
    async with connected(throttle=THROTTLE) as (client, connection):
        client.takes.set()
        connection.tell(TOPIC, state(1))
        connection.tell(TOPIC, state(2))
        connection.unsubscribe(TOPIC)
        await asyncio.sleep(3 * THROTTLE)
        connection.say("end")
        assert await taken(client, 2) == ["1", "end"]
