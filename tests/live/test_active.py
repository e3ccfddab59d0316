"""Active prices beside a store that fails in ways nobody thought of."""

import asyncio
from collections.abc import Collection, Mapping

import orjson
import pytest

from app.live.active import ActivePrices
from tests.live.buses import PATIENCE
from tests.live.test_current import Items, Store
from tests.live.test_running import NOON, seed

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_begin_anew_after_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    faults = [ZeroDivisionError()]
    kept: asyncio.Queue[bytes] = asyncio.Queue()

    async def recent() -> Collection[int]:
        return [1]

    async def tickers(market_ids: Collection[int]) -> Mapping[int, str]:
        if faults:
            raise faults.pop()
        return {1: "GOLD"}

    active = ActivePrices(Store({1: seed(5, 5, 7)}), recent, tickers, kept.put_nowait, interval=0.001, now=lambda: NOON + 6)
    running = asyncio.create_task(active.run(aiter(Items())))
    try:
        async with asyncio.timeout(PATIENCE):
            assert orjson.loads(await kept.get())["GOLD"]["close"] == 7.0
    finally:
        running.cancel()
        await asyncio.wait({running})
    assert [record.message for record in caplog.records] == ["active prices broke off; they begin anew"]
