"""Whole conversations with the real server, kept as text: `>` the client, `<` the service. Times of events are 0 there."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.store.client import Database
from tests.streams.served import Client, World, world

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parents[1] / "golden"


def check_golden(name: str, said: Sequence[str]) -> None:
    """*said* is the conversation kept under *name*."""
    file, text = GOLDEN / f"{name}.txt", "\n".join(said) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text


async def story(made: World, client: Client, begin: Sequence[Any], frames: Sequence[int]) -> None:
    """What *begin* says, a bar that grows, a bar that closes, a rewind, and what goes on after it."""
    for message in begin:
        await client.say(message)
    await client.frames(frames[0])
    await made.trades(20, 2010)
    await client.frames(frames[1])
    await made.trades(65, 1999)
    await client.frames(frames[2])
    await made.rewind(2)
    await client.frames(frames[3])
    await made.trades(70, 2030)
    await client.frames(frames[4])


async def test_binance(database: Database) -> None:
    async with world(database) as (made, service):
        await made.trades(5, 2000, 2005)
        async with service.client("/ws") as client:
            begin = {"method": "SUBSCRIBE", "params": ["gold@kline_1m", "GOLD@trade"], "id": 1}
            await story(made, client, [begin], [3, 2, 3, 3, 3])
            await client.say({"method": "LIST_SUBSCRIPTIONS", "id": "a"})
            await client.next()
            await client.say({"method": "UNSUBSCRIBE", "params": ["gold@trade", "oil@trade"], "id": None})
            await client.next()
            await client.say({"method": "SET_PROPERTY", "params": ["combined", True], "id": 3})
            await client.next()
            await made.trades(71, 2031)
            await client.next()
        check_golden("stream_binance", client.script)


async def test_binance_combined(database: Database) -> None:
    async with world(database) as (made, service):
        await made.trades(5, 2000)
        async with service.client("/stream?streams=gold@kline_1M/gold@trade") as client:
            await client.frames(2)
            await made.trades(6, 2001)
            await client.frames(2)
            await made.rewind(1)
            await client.frames(3)
        check_golden("stream_binance_combined", sorted(client.script))


async def test_from_where_on_all_trades_are_told_is_told(database: Database) -> None:
    """To who comes when nobody follows the market, and to who comes later; and both hear when what they read then is taken back."""
    async with world(database) as (made, service):
        await made.trades(5, 2000)
        async with service.client("/ws?streams=gold@trade") as first:
            assert (await first.next())["data"]["e"] == "reset"
            await made.trades(6, 2001)
            assert (await first.next())["data"]["p"] == "2001"
            async with service.client("/ws?streams=gold@trade") as late:
                assert (await late.next())["data"]["e"] == "reset"
                await made.rewind(1)
                assert [(await client.next())["data"]["e"] for client in (first, late)] == ["reset"] * 2


async def test_binance_refusals(database: Database) -> None:
    async with world(database) as (_, service), service.client("/ws?streams=gold@depth") as client:
        await client.next()
        for message in [
            "nonsense",
            "[]",
            {"method": "SUBSCRIBE", "id": 1},
            {"method": "SUBSCRIBE", "params": "gold@trade", "id": 1},
            {"method": "SUBSCRIBE", "params": [1], "id": 1},
            {"method": "SUBSCRIBE", "params": ["nothing@trade"], "id": 2},
            {"method": "SUBSCRIBE", "params": ["gold@kline_2m"], "id": 3},
            {"method": "SUBSCRIBE", "params": ["gold@trade"] * 51, "id": 3},
            {"method": "SET_PROPERTY", "params": ["colour", True], "id": 4},
            {"method": "SET_PROPERTY", "params": ["combined", 1], "id": 5},
            {"method": "DANCE", "id": 6},
            {"method": "LIST_SUBSCRIPTIONS", "id": {}},
            {"method": "LIST_SUBSCRIPTIONS", "id": 7},
        ]:
            await client.say(message)
            await client.next()
    check_golden("stream_binance_refusals", client.script)


async def test_lightweight(database: Database) -> None:
    async with world(database) as (made, service):
        await made.trades(5, 2000, 2005)
        async with service.client("/api/lightweight/realtime") as client:
            await story(made, client, [{"type": "subscribe", "symbol": "vamm:gold", "timeframe": "1m"}], [2, 1, 2, 2, 2])
            for message in [
                {"type": "ping"},
                {"type": "subscribe", "symbol": "NOTHING"},
                {"type": "subscribe", "symbol": "GOLD", "timeframe": "2m"},
                {"type": "subscribe"},
                "nonsense",
                "3",
                {"type": "unsubscribe", "symbol": "GOLD", "timeframe": "1m"},
            ]:
                await client.say(message)
                await client.next()
        check_golden("stream_lightweight", client.script)


async def test_tradingview(database: Database) -> None:
    async with world(database) as (made, service):
        await made.trades(5, 2000, 2005)
        async with service.client("/api/tradingview/stream?symbol=NOTHING,GOLD&resolution=1") as client:
            await client.next()
            await story(made, client, [], [2, 1, 2, 2, 2])
            await client.say({"type": "subscribe", "symbol": "OIL", "resolution": "1D"})
            await client.next()
            await made.trades(80, 70, market_id=2)
            await client.next()
        check_golden("stream_tradingview", client.script)


async def test_several_series_in_a_query(database: Database) -> None:
    async with world(database) as (made, service):
        await made.trades(5, 2000)
        await made.trades(6, 70, market_id=2)
        async with service.client("/api/lightweight/realtime?symbol=GOLD&symbol=OIL&timeframe=1m,1d") as client:
            frames = await client.frames(8)
        found = {(frame["symbol"], frame["timeframe"], frame["data"]["close"]) for frame in frames if frame["type"] == "price_update"}
        assert found == {("GOLD", "1m", 2000.0), ("GOLD", "1d", 2000.0), ("OIL", "1m", 70.0), ("OIL", "1d", 70.0)}
