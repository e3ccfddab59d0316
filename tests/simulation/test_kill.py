"""The process itself, killed with SIGKILL at any moment while it stores: the next one goes on as if nothing had been."""

import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import Node, serving_in_thread
from app.store.client import embedded_database
from tests.depth import DEEP
from tests.simulation.oracle import candles

KILLS = 10 if DEEP else 2
BLOCKS = 12_000 if DEEP else 6_000
PATIENCE = 60
"""Seconds that a command may take."""


def test_killed_again_and_again_while_it_stores(tmp_path: Path) -> None:
    pick = random.Random(4)
    chain = DemoChain(Genesis(time=1_709_200_000, seed=4, activity=4.0, history=0), clock=None, head=BLOCKS)
    with serving_in_thread(chain) as node:
        for _ in range(KILLS):
            with _datafeed(tmp_path, node, "listen") as process:
                try:
                    _wait_until_it_stores(tmp_path)
                    time.sleep(pick.random() * 0.5)
                finally:
                    process.kill()
            chain.mine(pick.randrange(1, 5))  # at least one: the next process has something to store, however fast the last one was
            if DEEP:
                _repaired(tmp_path, node)
                chain.mine(pick.randrange(1, 5))
        last = chain.head
        for command in (["backfill", "--to", str(last)], ["verify"]):
            with _datafeed(tmp_path, node, *command) as process:
                assert process.wait(PATIENCE) == 0
    assert _stored(tmp_path) == {key: candle[:4] for key, candle in candles(chain.logs(0, last), "1m").items()}


def _repaired(folder: Path, node: Node) -> None:
    """Take back what was half written, as the next writer does first of all, and compare everything."""
    log = folder / "log"
    with _datafeed(folder, node, "listen") as process:
        _wait_until_it_stores(folder)
        process.terminate()
        assert process.wait(PATIENCE) == 0
    with _datafeed(folder, node, "verify") as process:
        assert process.wait(PATIENCE) == 0, log.read_text()


def _wait_until_it_stores(folder: Path) -> None:
    for _ in range(600):
        log = folder / "log"
        if b"stored up to block" in log.read_bytes():
            log.unlink()
            return
        time.sleep(0.05)
    raise AssertionError("nothing is stored within 30 s")


def _datafeed(folder: Path, node: Node, *arguments: str) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if re.match(r"PATH$|HOME$|COVERAGE", name)}
    settings = {"RPC_URL": node.url, "DATA_DIR": str(folder / "data"), "CLICKHOUSE_BATCH_SIZE": "500", "POLL_INTERVAL_MS": "50"}
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "app", *arguments],
            env=environment | settings | {"PYTHONPATH": os.getcwd()},
            cwd=folder,
            stderr=log,
            stdout=log,
        )


def _stored(folder: Path) -> dict[tuple[str, int], tuple[float, ...]]:
    # An engine of its own path cannot be opened beside the suite's, so a process of its own reads it.
    script = f"""
import pathlib
from {embedded_database.__module__} import embedded_database
with embedded_database(pathlib.Path({str(folder / "data" / "clickhouse")!r}), "vamm_analytics") as database:
    print({{(contract, time): tuple(rest) for contract, time, *rest in database.rows('''
        SELECT contract, toUnixTimestamp(timestamp), min(open).2, max(high), min(low), max(close).2 FROM vamm_ohlcv_1m AS c
        INNER JOIN (SELECT DISTINCT market_id, contract_address AS contract FROM vamm_markets) AS m ON m.market_id = c.market_id
        GROUP BY contract, timestamp HAVING max(close).1 > 0
    ''')}})
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=os.getcwd())
    answer: dict[tuple[str, int], tuple[float, ...]] = eval(found.stdout)
    return answer
