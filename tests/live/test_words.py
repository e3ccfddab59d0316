"""Words on their way to another process: however many there are, and whatever happens to Redis."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from app.domain.hint import Hint
from app.live.opening import WORDS_KEPT, open_words
from app.live.words import HINTS, SharedWords
from app.settings import Settings
from tests.cache.servers import RedisServer, Wire
from tests.cache.upstash import TOKEN, Upstash
from tests.live.buses import NAME, PATIENCE, named

pytestmark = pytest.mark.anyio


def hints(**settings: Any) -> SharedWords[Hint]:
    found = open_words(Settings.model_validate({"bus_poll_ms": 50} | settings), named, HINTS)
    assert found
    return found


class Heard:
    """What a listener is told."""

    def __init__(self) -> None:
        self._hints: asyncio.Queue[Hint] = asyncio.Queue()
        self.hear = self._hints.put_nowait

    async def until(self, block: int, tell: Callable[[], None] = lambda: None) -> list[int]:
        """The blocks up to *block*; where nothing comes for a while, it may be told again."""
        found: list[int] = []
        async with asyncio.timeout(PATIENCE):
            while block not in found:
                tell()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        found.append((await self._hints.get()).block or 0)
        return found


@contextlib.asynccontextmanager
async def ends(one: SharedWords[Hint], other: SharedWords[Hint]) -> AsyncIterator[tuple[Callable[[Hint], None], Heard]]:
    """What tells hints to one process, and what another hears, which hears already."""
    heard = Heard()
    async with one.telling() as tell, other.heard(heard.hear):
        await heard.until(1, lambda: tell(Hint(1)))
        yield tell, heard


@pytest.fixture(params=["redis", "upstash"])
def settings(request: pytest.FixtureRequest, redis_server: RedisServer, upstash: Upstash) -> dict[str, Any]:
    return {
        "redis": {"redis_url": redis_server.url},
        "upstash": {"upstash_redis_rest_url": upstash.url, "upstash_redis_rest_token": TOKEN},
    }[request.param]


async def test_a_flood_comes_as_few(settings: dict[str, Any], redis_server: RedisServer) -> None:
    async with ends(hints(**settings), hints(**settings)) as (tell, heard):
        with redis_server.client() as client:
            client.xadd(f"datafeed:{NAME}:hints", {"m": "nonsense"})
        for block in range(2, 1_000):
            tell(Hint(block))
        tell(Hint(None))
        found = [block for block in await heard.until(999) if block > 1]
        assert 1 <= len(found) <= WORDS_KEPT
        assert found == sorted(found)


async def test_an_outage_costs_no_more_than_time(redis_server: RedisServer) -> None:
    async with Wire(redis_server.port).laid() as wire:
        cut = {"redis_url": wire.url}
        async with ends(hints(**cut), hints(**cut)) as (tell, heard):
            wire.cut()
            for block in range(2, 9):
                tell(Hint(block))
            await asyncio.sleep(0)
            wire.mend()
            assert 8 in await heard.until(8)


def test_without_a_redis_there_is_no_way() -> None:
    assert open_words(Settings(), named, HINTS) is None
