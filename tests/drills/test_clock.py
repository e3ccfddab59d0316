"""Clocks jump, the store's and the processes', hours ahead and back: one writer at a time all the same, and no candle is wrong."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import serving_in_thread
from app.store.client import Database
from tests.drills.town import check
from tests.drills.waiting import get, until
from tests.e2e.processes import Processes
from tests.store.bridge import PASSWORD, USER, Bridge
from tests.store.wire import Request

HOUR = 3_600
ONE, TWO, THREE = "listen, one", "listen, two", "listen, three"
WAITS = "another writer is at work"

SITE = """
import pathlib, time
_jump, _time, _time_ns = pathlib.Path({path!r}), time.time, time.time_ns
time.time = lambda: _time() + int(_jump.read_text() or 0)
time.time_ns = lambda: _time_ns() + int(_jump.read_text() or 0) * 10**9
"""
"""Python runs it before anything else in a process, from a folder that it finds modules in."""


class Clocks:
    """Those of a store, by what statements say, and of processes, by what Python says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        self.folder.mkdir()
        self._path = folder / "jump"
        (self.folder / "sitecustomize.py").write_text(SITE.format(path=str(self._path)))
        self.jump(0)

    def jump(self, seconds: int) -> None:
        """Be so far from the truth from now on."""
        written = self._path.with_suffix(".new")
        written.write_text(str(seconds))
        written.replace(self._path)
        self._ahead = seconds

    def around(self, request: Request, execute: Callable[[], bytes]) -> bytes:
        """Of every statement at a bridge."""
        request.sql = re.sub(r"\bnow(64)?\(\d?\)", rf"(\g<0> + toIntervalSecond({self._ahead}))", request.sql)
        return execute()


def test_clocks_jump(database: Database, engine_path: Path, tmp_path: Path) -> None:
    clocks = Clocks(tmp_path)
    chain = DemoChain(Genesis(time=int(time.time()) - 3_000, seed=4, activity=10.0, history=0), clock=None, head=60)
    with Bridge(engine_path).serving() as server, serving_in_thread(chain) as node:
        server.around = clocks.around
        settings = {
            "RPC_URL": node.url, "POLL_INTERVAL_MS": "100", "FLUSH_INTERVAL_MS": "100", "FINALITY": "20",
            "CLICKHOUSE_HOST": f"http://127.0.0.1:{server.port}", "CLICKHOUSE_USER": USER, "CLICKHOUSE_PASSWORD": PASSWORD,
            "CLICKHOUSE_DATABASE": database.name, "CLICKHOUSE_REQUEST_TIMEOUT": "7000", "LEASE_TTL_MS": "8000",
        }  # fmt: skip
        with Processes(tmp_path, settings, path=clocks.folder).running(ONE) as processes:

            def stored(name: str) -> None:
                chain.mine(10)
                chain.reorganise(3)
                chain.mine(4)
                line = f"datafeed_block {chain.head}.0\n"
                until(lambda: line in _metrics(processes.url(name)), f"{name} stores", lambda: processes.log(name))

            def looks_again() -> None:
                before = processes.log(TWO).count(WAITS)
                until(lambda: processes.log(TWO).count(WAITS) > before, "the spare looks again", lambda: processes.log(TWO))

            stored(ONE)
            processes.start(TWO)
            until(lambda: WAITS in processes.log(TWO), "the spare waits", lambda: processes.log(TWO))
            clocks.jump(HOUR)
            stored(ONE)
            looks_again()
            clocks.jump(-2 * HOUR)
            stored(ONE)
            looks_again()
            assert "lease" not in processes.log(ONE)
            processes.kill(ONE)
            stored(TWO)
            assert processes.stop(TWO) == 0
            processes.start(THREE)
            stored(THREE)
            clocks.jump(HOUR)  # of whom nobody else waits for
            stored(THREE)
            assert WAITS not in processes.log(THREE)
            assert processes.stop(THREE) == 0
    check(database, chain)


def _metrics(url: str) -> str:
    try:
        return get(f"{url}/metrics").text
    except httpx2.TransportError:
        return ""
