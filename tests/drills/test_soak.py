"""Everything at once for a while: memory stays as it is. Deep runs do it for three minutes, or as many as SOAK_MINUTES says."""

import contextlib
import os
import random
import time
from statistics import median
from typing import Final

import orjson
import pytest
from websockets.sync.client import connect

from tests.depth import DEEP
from tests.drills.town import LISTEN, SERVE, TICK, Town, check
from tests.drills.waiting import get

SECONDS: Final = 60 * float(os.environ.get("SOAK_MINUTES", 3 if DEEP else 0))
NAMES: Final = (LISTEN, TICK, SERVE)

ROOM: Final = 24 << 20
"""Bytes between the second fifth of the time and the last: caches within their budgets fill up for a while."""

PATHS: Final = (
    "/api/tradingview/history?symbol={symbol}&resolution={resolution}&from=0&to={to}&countback={count}",
    "/api/tradingview/symbols?symbol={symbol}",
    "/api/tradingview/search?query={symbol}&limit=10",
    "/api/v1/markets?limit={count}",
    "/api/v1/markets/{symbol}",
    "/api/v1/nowhere/{count}",
)


@pytest.mark.skipif(not SECONDS, reason="set DEEP=1, or SOAK_MINUTES to the minutes that it may take")
def test_memory_is_flat(place: Town) -> None:
    pick = random.Random(1)
    url, end = place.processes.url(SERVE), time.monotonic() + SECONDS
    memory: dict[str, list[int]] = {name: [] for name in NAMES}
    while time.monotonic() < end:
        place.chain.mine(pick.randrange(1, 6))
        if pick.random() < 0.1:
            place.chain.reorganise(pick.randrange(1, 6))
        with connect(url.replace("http", "ws") + "/api/tradingview/stream", proxy=None) as client:
            client.send(orjson.dumps({"type": "subscribe", "symbol": "GOLD", "resolution": "1S"}).decode())
            for _ in range(20):
                path = pick.choice(PATHS).format(
                    symbol=pick.choice(("GOLD", "BTC", "ETH", "NONE")), resolution=pick.choice(("1S", "1", "5", "60", "1D", "1M")),
                    to=pick.randrange(1, 4_000_000_000), count=pick.randrange(1, 400),
                )  # fmt: skip
                assert get(url + path).status_code in (200, 404), path
            with contextlib.suppress(TimeoutError):
                client.recv(timeout=1)
        for name in NAMES:
            memory[name].append(place.processes.seen(name).memory_info().rss)
    place.settle()
    check(place.database, place.chain)
    for seen in memory.values():
        fifth = len(seen) // 5
        assert fifth, f"too slow: {len(seen)} rounds"
        assert median(seen[-fifth:]) < median(seen[fifth : 2 * fifth]) + ROOM, [size >> 20 for size in seen]
