"""A whole installation: node, ClickHouse behind its HTTP interface, Redis, Pusher, a process for each command, and wires to cut."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import orjson

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import Node, serving_in_thread
from app.pushing import LOCAL_ID
from app.settings.live import LOCAL_KEY
from app.store.client import Database, embedded_database
from app.store.schema import migrate
from app.store.verify import verify
from app.ticking import ACTIVE_PRICES
from tests.cache.servers import RedisServer
from tests.drills.waiting import answers, get, until
from tests.drills.wires import Line, line
from tests.e2e.processes import Processes
from tests.live.pusher.conftest import SECRET
from tests.live.pusher.standin import Pusherlike, pusherlike
from tests.simulation.oracle import candles
from tests.store.bridge import PASSWORD, USER, Bridge

LISTEN, SERVE, TICK = "listen", "serve", "tick"
END: Final = 4_000_000_000

_STORED: Final = """
SELECT contract, toUnixTimestamp(timestamp), min(open).2, max(high), min(low), max(close).2 FROM vamm_ohlcv_1m AS c
INNER JOIN (SELECT DISTINCT market_id, contract_address AS contract FROM vamm_markets) AS m ON m.market_id = c.market_id
GROUP BY contract, timestamp HAVING max(close).1 > 0
"""


@dataclass(frozen=True, slots=True)
class Town:
    """Its parts; `store`, `node` and `redis` are reached by `store_line` and the like."""

    chain: DemoChain
    node: Node
    node_line: Line
    bridge: Bridge
    store_line: Line
    redis: RedisServer
    pusher: Pusherlike
    database: Database
    processes: Processes

    def history(self, symbol: str = "GOLD", resolution: str = "1", **query: Any) -> httpx2.Response:
        """All bars of a series, as a chart asks for them."""
        asked = {"symbol": symbol, "resolution": resolution, "from": 0, "to": END, "countback": 5_000} | query
        return get(f"{self.processes.url(SERVE)}/api/tradingview/history", **asked)

    def ready(self, name: str) -> httpx2.Response:
        """What a process answers to who asks whether it is ready."""
        return get(f"{self.processes.url(name)}/readyz")

    def figure(self, name: str, series: str) -> float:
        """One figure of a process's /metrics; -1 where it is not there."""
        text = get(f"{self.processes.url(name)}/metrics").text
        lines = [line for line in text.splitlines() if line.startswith(series)]
        return float(lines[0].rpartition(" ")[2]) if lines else -1.0

    def settle(self) -> None:
        """Mine, and wait until all of the chain is stored, served, and told."""
        self.chain.mine(3)
        until(self._is_stored, "the chain is stored", lambda: self.processes.log(LISTEN))
        until(lambda: self.ready(SERVE).status_code == 200, "the service is ready", lambda: self.processes.log(SERVE))
        expected = bars_of(self.chain, "GOLD")
        until(
            lambda: served(self.processes.url(SERVE), "GOLD") == expected, "the newest bars are served", lambda: self.processes.log(SERVE)
        )
        until(self._prices_are_told, "the ticker keeps prices", lambda: self.processes.log(TICK))

    def _is_stored(self) -> bool:
        return self.figure(LISTEN, "datafeed_block ") == self.chain.head

    def _prices_are_told(self) -> bool:
        with self.redis.client() as client:
            kept: Any = client.get(ACTIVE_PRICES)
        return kept is not None and "GOLD" in orjson.loads(kept)


@contextlib.contextmanager
def town(engine: Path, folder: Path, **more: str) -> Iterator[Town]:
    """One with a listener, a service and a ticker, at the head of its chain; *more* are further settings."""
    genesis = Genesis(time=int(time.time()) - 600, seed=4, activity=10.0, history=0)  # the ticker leaves out what is long past
    chain = DemoChain(genesis, clock=None, head=60)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(embedded_database(engine, f"town_{folder.name.replace('-', '_')}", size=8))
        migrate(database)
        stack.callback(database.run, "DROP DATABASE {name:Identifier} SYNC", {"name": database.name})
        redis, bridge = stack.enter_context(RedisServer()), stack.enter_context(Bridge(engine).serving())
        node, pusher = stack.enter_context(serving_in_thread(chain)), stack.enter_context(pusherlike())
        store_line, node_line = stack.enter_context(line(bridge.port)), stack.enter_context(line(port_of(node)))
        settings = {
            "RPC_URL": f"http://127.0.0.1:{node_line.port}", "POLL_INTERVAL_MS": "100", "FLUSH_INTERVAL_MS": "100",
            "FINALITY": "20",
            "CLICKHOUSE_HOST": f"http://127.0.0.1:{store_line.port}", "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": PASSWORD,
            "CLICKHOUSE_DATABASE": database.name, "CLICKHOUSE_REQUEST_TIMEOUT": "7000", "LEASE_TTL_MS": "8000",
            "REDIS_URL": redis.url, "RATE_LIMIT_REQUESTS": "0", "RATE_LIMIT_HISTORY": "0",
            "RATE_LIMIT_OHLCV": "0", "RATE_LIMIT_SEARCH": "0", "MAX_LAG_BLOCKS": "0",
            "PUSHER_APP_ID": LOCAL_ID, "PUSHER_KEY": LOCAL_KEY, "PUSHER_SECRET": SECRET, "PUSHER_URL": pusher.http,
            "PUSHER_INTERVAL_MS": "200", "PUSHER_POLL_MS": "400", "PUSHER_LEASE_TTL_MS": "3000", "LIVE_PRICES_INTERVAL_MS": "500",
        } | more  # fmt: skip
        processes = stack.enter_context(Processes(folder, settings).running(LISTEN, TICK, SERVE))
        made = Town(chain, node, node_line, bridge, store_line, redis, pusher, database, processes)
        until(lambda: answers(f"{processes.url(SERVE)}/healthz"), "the service answers", lambda: processes.log(SERVE))
        until(lambda: answers(f"{processes.url(LISTEN)}/healthz"), "the listener answers", lambda: processes.log(LISTEN))
        made.settle()
        yield made


def check(database: Database, chain: DemoChain) -> None:
    """Nothing is lost, nothing is twice: all rollups are those of the rows, all candles those of the chain."""
    assert verify(database) == []
    stored = {(contract, at): tuple(rest) for contract, at, *rest in database.rows(_STORED)}
    assert stored == {key: candle[:4] for key, candle in candles(chain.logs(0, chain.head), "1m").items()}


def served(url: str, symbol: str) -> dict[int, tuple[float, ...]]:
    """Bars of a minute as the service at *url* answers them: open, high, low, close by time."""
    told = get(f"{url}/api/tradingview/history?symbol={symbol}&resolution=1&from=0&to={END}&countback=5000").json()
    return {at: tuple(prices) for at, *prices in zip(*(told.get(name, ()) for name in "tohlc"), strict=True)}


def bars_of(chain: DemoChain, symbol: str) -> dict[int, tuple[float, ...]]:
    """The same, as they must be by plain arithmetic."""
    contract = next(listing.contract for listing in chain.genesis.listings() if listing.symbol == symbol)
    return {at: tuple(candle[:4]) for (of, at), candle in candles(chain.logs(0, chain.head), "1m").items() if of == contract}


def port_of(node: Node) -> int:
    """Where it listens."""
    return int(node.url.rpartition(":")[2])
