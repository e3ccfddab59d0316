"""The disk is full: what was acknowledged is there, what was not is refused in words, and all goes on when there is room again."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis
from app.demo.node import serving_in_thread
from tests.depth import DEEP
from tests.drills.town import bars_of, served
from tests.drills.waiting import PATIENCE, answers, get, until
from tests.e2e.processes import Processes

SIZE: Final = 160 << 20
LEFT: Final = 256 << 10
"""Bytes that the ballast leaves free."""

ALL: Final = "serve --all"
TIMES: Final = 3 if DEEP else 1


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "drill", str(folder)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def fill(disk: Path) -> Path:
    """What takes nearly all the room that is left."""
    ballast = disk / "ballast"
    free = int(subprocess.run(["df", "-B1", "--output=avail", str(disk)], capture_output=True, text=True, check=True).stdout.split()[-1])
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:  # the engine may have been quicker
        for _ in range((free - LEFT) // 65_536):
            file.write(bytes(65_536))
    return ballast


def save(url: str, name: str) -> httpx2.Response:
    """Save a chart of 100 kB."""
    form = {"name": name, "symbol": "GOLD", "resolution": "1", "content": name * (100_000 // len(name))}
    return httpx2.post(f"{url}/api/tradingview/storage/1.1/charts?client=site&user=ann", data=form, timeout=PATIENCE)


def saved(url: str) -> list[Any]:
    """Names of the charts that are there."""
    answer = get(f"{url}/api/tradingview/storage/1.1/charts?client=site&user=ann").json()
    return [chart["name"] for chart in answer["data"]]


def test_a_full_disk(disk: Path, tmp_path: Path) -> None:
    chain = DemoChain(Genesis(time=int(time.time()) - 3_000, seed=4, activity=10.0, history=0), clock=None, head=100)
    with serving_in_thread(chain) as node:
        settings = {
            "RPC_URL": node.url, "DATA_DIR": str(disk), "POLL_INTERVAL_MS": "100", "FLUSH_INTERVAL_MS": "100", "MAX_LAG_BLOCKS": "0",
            "RATE_LIMIT_REQUESTS": "0", "RATE_LIMIT_HISTORY": "0", "LIVE_PRICES_INTERVAL_MS": "500",
        }  # fmt: skip
        with Processes(tmp_path, settings).running(ALL) as processes:
            url, log = processes.url(ALL), partial(processes.log, ALL)
            until(lambda: answers(f"{url}/readyz") and served(url, "GOLD"), "it serves", log)
            kept = ["before"]
            assert save(url, "before").json()["status"] == "ok"
            for turn in range(TIMES):
                ballast = fill(disk)
                refused = None
                while refused is None:
                    chain.mine(10)
                    name = f"chart {turn}.{len(kept)}"
                    answer = save(url, name)
                    if answer.status_code == 200:
                        kept.append(name)
                    else:
                        refused = answer
                assert refused.status_code == 503
                until(lambda: "next try in" in log(), "the listener says so", log)
                assert get(f"{url}/healthz").status_code == 200
                assert served(url, "GOLD")  # reading takes no room
                ballast.unlink()
                until(lambda: served(url, "GOLD") == bars_of(chain, "GOLD"), "everything is stored", log)
                assert sorted(saved(url)) == sorted(kept)
                assert save(url, "after").json()["status"] == "ok"
                kept.append("after")
            assert processes.stop(ALL) == 0
        code, said = processes.command("verify")
        assert (code, said.splitlines()[-1]) == (0, "no difference")
