"""Active prices beside a store that fails in ways nobody thought of."""

import asyncio
from collections.abc import Collection, Mapping

import orjson
import pytest

from app.domain.news import Committed
from app.live.active import ACTIVE_SECONDS, REPEATING_SECONDS, ActivePrices
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


async def test_prices_that_stay_are_said_again_as_long_as_their_market_is_active() -> None:
    """What was said is kept for a minute, by a Redis that may have been away; a market goes on being active by events without a price."""
    kept: list[bytes] = []
    clock = float(NOON + 6)

    async def recent() -> Collection[int]:
        return [1]

    async def tickers(market_ids: Collection[int]) -> Mapping[int, str]:
        return {1: "GOLD"}

    active = ActivePrices(Store({1: seed(5, 5, 7)}), recent, tickers, kept.append, interval=1.0, now=lambda: clock)
    said_at = []
    for _ in range(2 * int(ACTIVE_SECONDS)):
        if clock == NOON + 36:
            active.hear(Committed(1, previous=5, block=6, time=NOON + 36, market_ids=frozenset({1}), trades=None))
        before = len(kept)
        await active.say()
        if len(kept) > before:
            said_at.append(int(clock) - NOON - 6)
        clock += 1
    assert said_at == [*range(0, 30 + int(ACTIVE_SECONDS), int(REPEATING_SECONDS)), 90]
    assert [orjson.loads(text).keys() for text in kept] == [{"GOLD"}] * 9 + [set()]
