"""What waits for a connection: in order, bounded, of a running bar the latest state."""

import asyncio
import json

import pytest

from app.live.pusher.channels import Channels
from app.live.pusher.session import Session
from app.live.pusher.signature import App
from app.live.sending import Sending

pytestmark = pytest.mark.anyio


async def taken(sending: Sending) -> list[str]:
    """All that waits."""
    return [await sending.next() for _ in range(len(sending))]


async def test_messages_come_in_order() -> None:
    sending = Sending(10, 1_000)
    assert all(sending.put(text) for text in "abc")
    assert await taken(sending) == ["a", "b", "c"]
    assert sending.size == 0


async def test_a_newer_state_takes_the_place_of_the_one_that_waits() -> None:
    sending = Sending(10, 1_000)
    for text, series in [("gold 1", "gold"), ("trade", None), ("oil 1", "oil"), ("gold 22", "gold")]:
        assert sending.put(text, series)
    assert sending.size == len("gold 22tradeoil 1")
    assert await taken(sending) == ["gold 22", "trade", "oil 1"]
    assert sending.replaced == 1
    sending.put("gold 3", "gold")
    assert await taken(sending) == ["gold 3"]


async def test_a_final_state_takes_a_place_and_keeps_it() -> None:
    sending = Sending(10, 1_000)
    sending.put("running", "gold")
    sending.put("closed", "gold", final=True)
    sending.put("next", "gold")
    sending.put("next, later", "gold")
    sending.put("next, closed", "gold", final=True)
    sending.put("another, closed", "gold", final=True)
    assert await taken(sending) == ["closed", "next, closed", "another, closed"]


async def test_what_parts_is_not_overtaken() -> None:
    sending = Sending(10, 1_000)
    sending.put("before", "gold")
    sending.part("gold")
    sending.put("reset")
    sending.put("after", "gold")
    assert await taken(sending) == ["before", "reset", "after"]


async def test_says_where_too_much_waits() -> None:
    sending = Sending(3, 1_000)
    assert all(sending.put(text) for text in "abcdefgh")  # at once
    await asyncio.sleep(0)
    assert not sending.put("i")
    for _ in range(6):
        await sending.next()
    await asyncio.sleep(0)
    assert sending.put("j")
    sending.clear()
    assert (len(sending), sending.size) == (0, 0)


async def test_says_where_too_many_bytes_wait() -> None:
    sending = Sending(100, 6)
    assert [sending.put("é") for _ in range(4)] == [True, True, True, False]
    await sending.next()
    assert not sending.put("x", "gold")
    await sending.next()
    assert sending.put("xx", "gold")
    assert not sending.put("xxx", "gold")


async def test_who_takes_waits_for_what_comes() -> None:
    sending = Sending(10, 1_000)
    taking = asyncio.create_task(sending.next())
    await asyncio.sleep(0)
    sending.put("late")
    assert await taking == "late"


class Writing:
    """Takes messages at once as long as it `may`."""

    def __init__(self) -> None:
        self.may = True
        self.written: list[str] = []

    def __call__(self, text: str) -> bool:
        if self.may:
            self.written.append(text)
        return self.may


async def test_what_can_be_written_at_once_does_not_wait() -> None:
    write = Writing()
    sending = Sending(10, 1_000, write)
    sending.put("before anybody takes anything")
    assert await sending.next() == "before anybody takes anything"
    sending.put("while it is sent")
    assert await sending.next() == "while it is sent"
    taking = asyncio.create_task(sending.next())
    await asyncio.sleep(0)
    assert all(sending.put(text, "gold") for text in ("1", "2"))
    assert (write.written, len(sending), sending.replaced) == (["1", "2"], 0, 0)
    write.may = False
    sending.put("3", "gold")
    write.may = True
    sending.put("4", "gold")
    sending.put("5")
    assert await taking == "4"
    assert await sending.next() == "5"
    assert write.written == ["1", "2"]


async def test_what_is_queued_is_not_written_at_once() -> None:
    write = Writing()
    sending = Sending(10, 1_000, write)
    taking = asyncio.create_task(sending.next())
    await asyncio.sleep(0)
    sending.queue("the end")
    assert await taking == "the end"
    assert write.written == []


async def test_a_slow_client_of_a_channel_hears_of_corrections_in_their_place() -> None:
    channels = Channels()
    session = Session(App("1", "key", "secret"), channels, lambda _: False)
    channels.subscribe("chart-GOLD-1", session)
    for data, start, voids in [("a", 60, False), ("b", 120, False), ("a, void", 60, True), ("a 2", 60, False), ("a 3", 60, False)]:
        channels.publish("chart-GOLD-1", "chart-update", data, series=start, voids=voids)
    frames = await taken(session.sending)
    assert [json.loads(frame)["data"] for frame in frames] == ["a", "b", "a, void", "a 3"]
