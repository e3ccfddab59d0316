"""A service that pages follow: blocks come, it stops and starts again, at one address."""

import contextlib
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.live.bus import Bus
from app.main import create_app
from app.news import bus_of
from app.settings import Settings
from app.store.client import Database
from tests.store.rows import trade
from tests.streams.served import NOON, World, serving

LIBRARY: Final = Path(__file__).parent / "site" / "charting_library"
"""A stand-in for TradingView's, which may not be handed on."""


class Followed:
    """A market that a trade happens to each minute, and a service at one address that tells of it, while it runs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settings = Settings(port=0, rate_limit_requests=0, rate_limit_history=0, marks_trade_size=1, tradingview_library_dir=LIBRARY)
        self._serving = contextlib.AsyncExitStack()
        self._minute = 0
        self.bus: Bus = bus_of(self._settings, database)
        self.world = World(database, self.bus, lease_seconds=3_600)  # pages may take their time between two blocks
        self.url = ""

    async def start(self) -> None:
        app = create_app(self._settings, self._database, self.bus)
        self.url = (await self._serving.enter_async_context(serving(app, self._settings))).url
        self._settings = self._settings.model_copy(update={"port": urlsplit(self.url).port})

    async def stop(self) -> None:
        await self._serving.aclose()

    async def minutes(self, *prices: int) -> None:
        """A block for each of *prices*, a minute after the one before."""
        for price in prices:
            self._minute += 1
            await self.world.trades(60 * self._minute, price)

    async def at_once(self, *prices: int, market_id: int = 1) -> None:
        """One block, with a trade at each of *prices*, a minute after the one before."""
        number = self.world.height + 1
        begin = NOON + 60 * self._minute
        rows = [trade(number, place, market_id, price, 10, timestamp=begin + 60 * (place + 1)) for place, price in enumerate(prices)]
        self._minute += len(prices)
        await self.world.commit(NOON + 60 * self._minute, rows)
