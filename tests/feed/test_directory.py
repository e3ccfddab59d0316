"""Markets by ticker: found once, looked up again in time, and never for longer than they are believed."""

import asyncio

import pytest

from app.domain.errors import StoreAway
from app.feed.directory import AWAY, FRESH, KEPT, UNKNOWN, Directory
from app.store.market_reader import Listing


class Registry:
    """What a directory looks at; it counts the looks."""

    def __init__(self) -> None:
        self.markets: dict[str, int] = {}
        self.looks: list[str] = []
        self.now = 0.0
        self.failing = False
        self.waiting: asyncio.Event | None = None
        self.directory = Directory(self.look, lambda: self.now)

    async def look(self, name: str) -> Listing | None:
        self.looks.append(name)
        found = self.markets.get(name)
        if self.waiting:
            await self.waiting.wait()
        if self.failing:
            raise StoreAway("it does not answer")
        return None if found is None else Listing(found, name, name, "", "", "", 0.0)

    async def id_of(self, symbol: str) -> int | None:
        listing = await self.directory.market(symbol)
        return listing.market_id if listing else None


async def settle() -> None:
    """Let what was started in the background end."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_a_market_is_looked_up_once_in_any_spelling() -> None:
    async def scenario() -> None:
        registry = Registry()
        registry.markets["GOLD"] = 1
        assert [await registry.id_of(symbol) for symbol in ("GOLD", "gold", "VAMM:Gold", "vamm:GOLD")] == [1] * 4
        assert registry.looks == ["GOLD"]

    asyncio.run(scenario())


def test_nobody_waits_for_the_second_look() -> None:
    async def scenario() -> None:
        registry = Registry()
        registry.markets["GOLD"] = 1
        await registry.id_of("GOLD")
        registry.markets["GOLD"], registry.now = 2, FRESH
        assert await registry.id_of("GOLD") == 1
        await settle()
        assert (await registry.id_of("GOLD"), registry.looks) == (2, ["GOLD"] * 2)
        registry.markets.clear()
        registry.now += FRESH
        await registry.id_of("GOLD")
        await settle()
        assert await registry.id_of("GOLD") is None

    asyncio.run(scenario())


def test_a_market_not_asked_for_in_long_is_looked_up_before_it_is_answered() -> None:
    async def scenario() -> None:
        registry = Registry()
        registry.markets["GOLD"] = 1
        await registry.id_of("GOLD")
        registry.markets["GOLD"], registry.now = 2, FRESH + KEPT
        assert await registry.id_of("GOLD") == 2

    asyncio.run(scenario())


def test_an_unknown_ticker_is_unknown_for_a_moment() -> None:
    async def scenario() -> None:
        registry = Registry()
        assert [await registry.id_of("NEW"), await registry.id_of("new")] == [None, None]
        assert registry.looks == ["NEW"]
        registry.markets["NEW"], registry.now = 3, UNKNOWN
        assert await registry.id_of("NEW") == 3

    asyncio.run(scenario())


def test_news_of_markets_ends_what_was_believed_and_what_is_being_looked_up() -> None:
    async def scenario() -> None:
        registry = Registry()
        registry.markets["GOLD"] = 1
        assert [await registry.id_of("GOLD"), await registry.id_of("NONE")] == [1, None]
        registry.waiting = asyncio.Event()
        late = asyncio.create_task(registry.id_of("SILVER"))
        await settle()
        registry.markets |= {"GOLD": 2, "NONE": 3, "SILVER": 4}
        registry.directory.forget()
        registry.waiting.set()
        assert await late is None  # it was asked before
        assert [await registry.id_of(name) for name in ("GOLD", "NONE", "SILVER")] == [2, 3, 4]

    asyncio.run(scenario())


def test_many_who_ask_at_once_share_a_look_and_its_failure() -> None:
    async def scenario() -> None:
        registry = Registry()
        registry.markets["GOLD"] = 1
        registry.waiting, registry.failing = asyncio.Event(), True
        asking = [asyncio.create_task(registry.id_of("GOLD")) for _ in range(20)]
        await settle()
        asking[0].cancel()
        registry.waiting.set()
        outcomes = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] + [StoreAway] * 19
        assert registry.looks == ["GOLD"]
        registry.failing = False
        assert await registry.id_of("GOLD") == 1

    asyncio.run(scenario())


def test_while_the_store_is_away_what_was_found_is_answered_for_a_while() -> None:
    async def scenario() -> None:
        registry = Registry()
        registry.markets["GOLD"] = 1
        await registry.id_of("GOLD")
        registry.failing, registry.now = True, FRESH + 1
        for _ in range(3):
            assert await registry.id_of("GOLD") == 1
            await settle()
        registry.now = FRESH + KEPT  # as it was asked for and could not be looked up meanwhile
        assert await registry.id_of("GOLD") == 1
        await settle()
        registry.now += KEPT + 60  # nobody asked for a while
        assert await registry.id_of("GOLD") == 1
        registry.now = FRESH + KEPT + AWAY
        with pytest.raises(StoreAway):
            await registry.id_of("GOLD")

    asyncio.run(scenario())
