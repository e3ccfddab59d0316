"""Bars and positions that a test makes up, and a publisher of them at work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping

from app.domain.trade import PositionKey
from app.live.payloads import Holding
from app.live.publisher import Publisher
from app.live.updates import BarUpdate


class Followed:
    """Bars of followed markets that the test makes up."""

    def __init__(self) -> None:
        self.markets: list[int] = []
        self.known: dict[int, dict[str, BarUpdate]] = {}

    def follow(self, market_id: int) -> int | None:
        self.markets.append(market_id)
        return None

    def unfollow(self, market_id: int) -> None:
        self.markets.remove(market_id)

    def bars(self, market_id: int) -> Mapping[str, BarUpdate] | None:
        return self.known.get(market_id)


class Held:
    """Positions that the test makes up, by their keys."""

    def __init__(self) -> None:
        self.known: dict[PositionKey, Holding] = {}

    async def open_of(self, owner: str, limit: int) -> Collection[PositionKey]:
        return [key for key, holding in self.known.items() if holding.owner == owner][:limit]

    async def at(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, Holding | None]:
        return {key: self.known.get(key) for key in keys}


@contextlib.asynccontextmanager
async def at_work(publisher: Publisher) -> AsyncIterator[None]:
    """It pushes until the block ends."""
    running = asyncio.create_task(publisher.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})
