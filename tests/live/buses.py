"""Buses as processes have them, news for them, and what was heard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from app.domain.market import Market
from app.domain.news import Committed, News, TakenBack
from app.live.bus import Bus, Item, Missed
from app.live.opening import open_bus
from app.live.shared import SharedBus
from app.settings import Settings
from tests.cache.upstash import TOKEN, Upstash
from tests.store.rows import CHAIN, block, trade

PATIENCE = 60.0
"""Seconds in which everything must be heard; only a hang takes that long."""

NAME = "11111111-2222-3333-4444-555555555555"
KEY = f"datafeed:{NAME}:news"


async def named() -> str:
    """The store of these tests."""
    return NAME


def bus(store: Callable[[], Awaitable[str | None]] = named, **settings: Any) -> Bus:
    """A process's bus by *settings*."""
    return open_bus(Settings.model_validate({"bus_poll_ms": 50} | settings), store)


def over_redis(url: str, **settings: Any) -> SharedBus:
    """A process's bus over the Redis at *url*."""
    made = bus(redis_url=url, **settings)
    assert isinstance(made, SharedBus)
    return made


def over_upstash(service: Upstash, **settings: Any) -> SharedBus:
    """A process's bus over REST."""
    made = bus(upstash_redis_rest_url=service.url, upstash_redis_rest_token=TOKEN, **settings)
    assert isinstance(made, SharedBus)
    return made


def commit(number: int, trades: int = 2, chain_id: int = CHAIN) -> Committed:
    """Block *number* became durable: with so many trades of as many markets, and a market made."""
    rows = tuple(trade(number, place, 2**63 + place, number, 7, chain_id=chain_id) for place in range(trades))
    made = Market(number, f"T{number}", "größer", f"0x{number:040x}", chain_id, starting_price=10**30, updated_block=number)
    ids = frozenset(row.market_id for row in rows)
    return Committed(chain_id, number - 1, number, block(number).timestamp, ids, rows, (made,))


def commits(first: int, last: int, **changes: int) -> list[News]:
    """One of each block from *first* to *last*."""
    return [commit(number, **changes) for number in range(first, last + 1)]


def taken_back(number: int, previous: int) -> TakenBack:
    """Blocks after *number* were undone; *previous* was the newest."""
    return TakenBack(CHAIN, number, block(number).timestamp, frozenset({2**63, 2**64 - 1}), 0, previous=previous)


def tell(teller: Bus, news: list[News]) -> None:
    """All of *news*, one after another."""
    for each in news:
        teller.publish(each)


class Heard:
    """What a subscriber hears, in order."""

    def __init__(self, items: AsyncIterator[Item]) -> None:
        self._items = items

    async def next(self, count: int) -> list[Item]:
        """The next *count* items."""
        async with asyncio.timeout(PATIENCE):
            return [await anext(self._items) for _ in range(count)]

    async def until(self, last: Item) -> list[Item]:
        """All up to *last*."""
        found: list[Item] = []
        async with asyncio.timeout(PATIENCE):
            while not found or found[-1] != last:
                found.append(await anext(self._items))
        return found


@contextlib.asynccontextmanager
async def hearing(subscribed: Bus) -> AsyncIterator[Heard]:
    """A subscription."""
    async with subscribed.subscribe() as items:
        yield Heard(items)


def check_nothing_is_lost_unsaid(heard: list[Item], told: list[News]) -> None:
    """*heard* is what was *told*, each once and in order; wherever something is missing it says so."""
    place = 0
    said = False
    for item in heard:
        if isinstance(item, Missed):
            said = True
            continue
        at = told.index(item, place)
        assert at == place or said, f"{at - place} lost unsaid before {item}"
        place, said = at + 1, False
    assert place == len(told) or said
