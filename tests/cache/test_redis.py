"""Redis as it is when it is not well."""

import pytest

from app.cache.base import Entry, Refused
from app.cache.redis import RedisCache
from tests.cache.servers import RedisServer

pytestmark = pytest.mark.anyio


async def test_values_live_as_long_as_they_are_said_to(redis_server: RedisServer) -> None:
    async with RedisCache(redis_server.url) as cache:
        await cache.set_many([Entry("short", b"1", 7), Entry("long", b"1", 604_800)])
    with redis_server.client() as client:
        assert 0 < int(str(client.ttl("short"))) <= 7
        assert int(str(client.ttl("long"))) > 604_000


async def test_a_full_one_says_so_and_can_still_be_read() -> None:
    with RedisServer("--maxmemory", "3mb", "--maxmemory-policy", "noeviction") as server:
        async with RedisCache(server.url) as cache:
            await cache.set_many([Entry("small", b"1", 60)])
            with pytest.raises(Refused, match="maxmemory"):
                await cache.set_many([Entry(f"large:{number}", bytes(200_000), 60) for number in range(100)])
            assert await cache.get_many(["small"]) == [b"1"]


async def test_one_that_was_away_is_found_again() -> None:
    with RedisServer() as server:
        async with RedisCache(server.url) as cache:
            await cache.set_many([Entry("key", b"1", 60)])
            server.kill()
            with pytest.raises(Exception, match=r"onnect|losed"):
                await cache.get_many(["key"])
            server.start()
            assert await cache.get_many(["key"]) == [None]


async def test_a_wrong_password_is_a_refusal() -> None:
    with RedisServer() as server:
        with server.client() as client:
            client.config_set("requirepass", "secret")
        async with RedisCache(server.url) as cache:
            with pytest.raises(Refused, match="uthentication"):
                await cache.get_many(["key"])


async def test_values_of_another_kind_are_none(redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.rpush("list", "1", "2")
    async with RedisCache(redis_server.url) as cache:
        assert await cache.get_many(["list"]) == [None]
