"""The real service between chain and chart: its listener, its store and its HTTP API, put together as in production."""

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from httpx2 import Client
from hypercorn.typing import ASGIFramework
from starlette.applications import Starlette

from app.following import following
from app.live.bus import Bus
from app.service import server
from app.settings import Settings
from app.store.client import Database

FINALITY: Final = 20
"""Blocks: fewer than the story has, so that it is read both as history and as news; more than its reorganisation takes back."""

MAX_BARS: Final = 5_000
START_SECONDS: Final = 20

OPEN_SIZES: Final = """
SELECT total_long_size, total_short_size FROM vamm_market_transactions
WHERE market_symbol = {symbol:String} ORDER BY block_number DESC, log_index DESC LIMIT 1
"""


@contextmanager
def api(app: Starlette, settings: Settings) -> Iterator[Client]:
    """A client of *app* under its real server, until the block ends. PORT should be 0, any free one."""
    urls: queue.Queue[str] = queue.Queue(1)
    job = server(cast(ASGIFramework, app), settings, urls.put)
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()
    serving = threading.Thread(target=loop.run_until_complete, args=(job(stop),))
    serving.start()
    try:
        with Client(base_url=urls.get(timeout=START_SECONDS)) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(stop.set)
        serving.join()
        loop.close()


class Service:
    """One store, filled by as many runs of the listener as asked for, and the API that reads it."""

    def __init__(self, database: Database, client: Client, bus: Bus) -> None:
        self._bus = bus
        self._database = database
        self._client = client

    def follow(self, url: str, until: int) -> None:
        """Run a listener that knows nothing but what the store tells it, up to and with block *until*."""
        settings = Settings(rpc_url=url, finality=FINALITY, poll_interval_ms=50)
        asyncio.run(self._follow(settings, until))

    def history(self, symbol: str, resolution: str, to: int) -> dict[str, Any]:
        """Every bar before *to* seconds, as a chart asks for it."""
        query: dict[str, str | int] = {"symbol": symbol, "resolution": resolution, "from": 0, "to": to, "countback": MAX_BARS}
        answer: dict[str, Any] = self._client.get("/api/tradingview/history", params=query).json()
        return answer

    def open_sizes(self, symbol: str) -> tuple[int, int]:
        """A market's long and short open interest after its last transaction, in 1e18 units."""
        ((longs, shorts),) = self._database.rows(OPEN_SIZES, {"symbol": symbol})
        return int(longs.scaleb(18)), int(shorts.scaleb(18))

    async def _follow(self, settings: Settings, until: int) -> None:
        async with following(settings, self._database, on_news=self._bus.publish) as chain:
            await chain.listener.run(until)
