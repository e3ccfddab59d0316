"""Hints end waits for the next look at the head: at once, but not as often as they come, and not for what cannot be."""

import asyncio
from time import monotonic

import pytest

from app.chain import wake as module
from app.chain.wake import FARTHEST, Wake
from app.domain.hint import Hint

pytestmark = pytest.mark.anyio

PATIENCE = 20.0


@pytest.fixture(autouse=True)
def _in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.02)


async def announcing(number: int | None) -> int | None:
    """A node that announces a block after a while."""
    await asyncio.sleep(0.1)
    return number


async def silence() -> int | None:
    """A node that announces nothing."""
    await asyncio.Event().wait()
    return None


async def test_without_a_hint_the_wait_is_as_long_as_it_is() -> None:
    assert await Wake().sooner(7, announcing(8)) == 8
    assert await Wake().sooner(7, announcing(None)) is None


async def test_a_hint_ends_it() -> None:
    wake = Wake()
    async with asyncio.timeout(PATIENCE):
        waiting = asyncio.create_task(wake.sooner(7, silence()))
        await asyncio.sleep(0)
        wake.hint(Hint())
        assert await waiting is None
        wake.hint(Hint(3))  # between two waits
        assert await wake.sooner(7, silence()) is None
    assert await wake.sooner(7, announcing(8)) == 8


async def test_a_block_that_is_to_come_is_looked_for_until_it_is_there_or_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    wake = Wake()
    wake.hint(Hint(9))
    async with asyncio.timeout(PATIENCE):
        for _ in range(5):
            assert await wake.sooner(7, silence()) is None
    assert await wake.sooner(9, announcing(10)) == 10
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    wake.hint(Hint(12))
    assert await wake.sooner(10, silence()) is None
    assert await wake.sooner(10, announcing(11)) == 11


async def test_one_far_away_is_worth_one_look_and_hides_none() -> None:
    wake = Wake()
    wake.hint(Hint(8 + FARTHEST))
    async with asyncio.timeout(PATIENCE):
        assert await wake.sooner(7, silence()) is None
        assert await wake.sooner(7, announcing(8)) == 8
        wake.hint(Hint(2**62))
        wake.hint(Hint(9))  # together
        for _ in range(5):
            assert await wake.sooner(8, silence()) is None


async def test_a_flood_is_a_look_now_and_then() -> None:
    wake = Wake()
    begun, looks = monotonic(), 0
    async with asyncio.timeout(PATIENCE):
        while monotonic() < begun + 0.2:
            for block in range(1_000):
                wake.hint(Hint(block))
            await wake.sooner(1_000, silence())
            looks += 1
    assert looks <= (monotonic() - begun) / module.PAUSE + 1


async def test_what_the_node_raises_is_raised() -> None:
    async def failing() -> int | None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await Wake().sooner(7, failing())
