"""The real service between chain and chart: its listener, its store and its HTTP API."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from httpx import Client
from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.applications import Starlette

from app.chain.decoder import Decoder
from app.chain.listener import Listener
from app.chain.protocol import load_protocols
from app.chain.rpc import Rpc
from app.chain.source import Source
from app.store.client import Database
from app.store.lease import Lease
from app.store.writer import ClickHouseLedger

FINALITY: Final = 20
"""Blocks: fewer than the story has, so that it is read both as history and as news; more than its reorganisation takes back."""

MAX_BARS: Final = 5_000

OPEN_SIZES: Final = """
SELECT total_long_size, total_short_size FROM vamm_market_transactions
WHERE market_symbol = {symbol:String} ORDER BY block_number DESC, log_index DESC LIMIT 1
"""


@contextmanager
def api(app: Starlette) -> Iterator[Client]:
    """*app* under its real server, on a free local port, until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = Config()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config.bind = [f"fd://{listening.detach()}"]  # the server's from here on: it closes it
    config.errorlog = None
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()
    server = threading.Thread(target=loop.run_until_complete, args=(serve(app, config, shutdown_trigger=stop.wait),))  # type: ignore[arg-type]
    server.start()
    try:
        with Client(base_url=url) as client:
            yield client
    finally:
        loop.call_soon_threadsafe(stop.set)
        server.join()
        loop.close()


class Service:
    """One store, filled by as many runs of the listener as asked for, and the API that reads it."""

    def __init__(self, database: Database, api: Client) -> None:
        self._database = database
        self._api = api

    def follow(self, url: str, until: int) -> None:
        """Run a listener that knows nothing but what the store tells it, up to and with block *until*."""
        asyncio.run(self._follow(url, until))

    def history(self, symbol: str, resolution: str, to: int) -> dict[str, Any]:
        """Every bar before *to* seconds, as a chart asks for it."""
        query: dict[str, str | int] = {"symbol": symbol, "resolution": resolution, "from": 0, "to": to, "countback": MAX_BARS}
        answer: dict[str, Any] = self._api.get("/api/tradingview/history", params=query).json()
        return answer

    def open_sizes(self, symbol: str) -> tuple[int, int]:
        """A market's long and short open interest after its last transaction, in 1e18 units."""
        ((longs, shorts),) = self._database.rows(OPEN_SIZES, {"symbol": symbol})
        return int(longs.scaleb(18)), int(shorts.scaleb(18))

    async def _follow(self, url: str, until: int) -> None:
        catalogue = load_protocols()
        async with Rpc([url], timeout=10) as rpc:
            source = Source(rpc, catalogue.topics, confirmations=0, finality=FINALITY, poll_interval=0.05)
            chain_id = await source.chain_id()
            ledger = ClickHouseLedger(self._database, chain_id, Lease(self._database, chain_id, ttl=15))
            await Listener(source, Decoder(catalogue, chain_id, ledger), ledger).run(until)
