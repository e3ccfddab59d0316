"""The caches that the settings ask for."""

import pytest
from pydantic import SecretStr

from app.cache.opening import answers_budget, lists_cache, shared_backend, tiered_cache
from app.domain.resolution import RESOLUTIONS
from app.settings import Settings
from tests.cache.servers import RedisServer
from tests.cache.test_tiered import Loader
from tests.cache.upstash import TOKEN, Upstash

pytestmark = pytest.mark.anyio


async def test_without_settings_there_is_memory_alone() -> None:
    settings = Settings(cache_memory_bytes=4_000_000)
    assert shared_backend(settings) is None
    async with tiered_cache(settings, "test") as cache:
        await cache.get_many(["a"], Loader())
        found = cache.statistics()
    assert found.shared is None
    async with lists_cache(settings) as lists:
        listed = lists.statistics()
    assert found.budget_bytes + 2 * answers_budget(settings) + listed.budget_bytes == 4_000_000


@pytest.mark.parametrize("kind", ["redis", "upstash"])
async def test_values_go_where_the_settings_say(kind: str, redis_server: RedisServer, upstash: Upstash) -> None:
    settings = Settings(redis_url=SecretStr(redis_server.url), cache_timeout_ms=30_000)
    if kind == "upstash":
        settings = Settings(upstash_redis_rest_url=upstash.url, upstash_redis_rest_token=SecretStr(TOKEN), cache_timeout_ms=30_000)
    async with tiered_cache(settings, "analytics:1234") as cache:
        await cache.get_many(["a"], Loader())
    assert bool(upstash.requests) == (kind == "upstash")
    with redis_server.client() as client:
        assert client.keys("*") == [b"datafeed:analytics:1234:a"]


def test_lengths_between_live_as_long_as_the_next_finer() -> None:
    settings = Settings()
    lives = {key: settings.candle_ttl(resolution.seconds) for key, resolution in RESOLUTIONS.items()}
    assert lives == {
        "1S": 30, "1": 300, "5": 900, "15": 900, "30": 900, "60": 3_600, "240": 3_600, "1D": 86_400, "1W": 86_400, "1M": 86_400,
    }  # fmt: skip
