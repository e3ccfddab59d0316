"""Upstash's official client against the wire format and limits of the service."""

import random

import pytest

from app.cache.base import Entry, Refused
from app.cache.upstash import LARGEST_REQUEST, UpstashCache
from tests.cache.servers import RedisServer
from tests.cache.upstash import TOKEN, Upstash

pytestmark = pytest.mark.anyio


async def test_many_keys_are_few_commands(upstash: Upstash) -> None:
    async with UpstashCache(upstash.url, TOKEN) as cache:
        await cache.set_many([Entry(str(number), b"1", 60) for number in range(40)])
        assert upstash.requests == 1
        await cache.get_many([str(number) for number in range(40)])
        assert upstash.requests == 2
    assert [command[0] for command in upstash.commands] == ["SET"] * 40 + ["MGET"]


async def test_json_stays_as_short_as_it_is(upstash: Upstash, redis_server: RedisServer) -> None:
    text = b'{"t":[1704067200],"c":[2000.5]}'
    async with UpstashCache(upstash.url, TOKEN) as cache:
        await cache.set_many([Entry("key", text, 9)])
    with redis_server.client() as client:
        assert client.get("key") == text
        assert 0 < int(str(client.ttl("key"))) <= 9


async def test_the_worst_bytes_fit_into_the_largest_request(upstash: Upstash) -> None:
    worst = [Entry(str(number), bytes(size), 60) for number, size in enumerate((LARGEST_REQUEST, 700_000, 700_000, 700_000, 1))]
    async with UpstashCache(upstash.url, TOKEN) as cache:
        await cache.set_many([*worst, Entry("too large", bytes(LARGEST_REQUEST + 1), 60)])
        assert upstash.requests == 3
        assert await cache.get_many([entry.key for entry in worst[1:]] + ["too large"]) == [*(entry.value for entry in worst[1:]), None]


async def test_bytes_of_another_program_harm_no_other_key(upstash: Upstash, redis_server: RedisServer) -> None:
    with redis_server.client() as client:
        client.set("theirs", random.Random(2).randbytes(200))
        client.rpush("list", "1")
    async with UpstashCache(upstash.url, TOKEN) as cache:
        await cache.set_many([Entry("ours", b"1", 60)])
        assert await cache.get_many(["theirs", "ours", "list"]) == [None, b"1", None]


async def test_a_wrong_token_is_a_refusal(upstash: Upstash) -> None:
    async with UpstashCache(upstash.url, "another") as cache:
        with pytest.raises(Refused, match="WRONGPASS"):
            await cache.get_many(["key"])
        with pytest.raises(Refused, match="pipeline"):
            await cache.set_many([Entry("key", b"1", 60)])


async def test_a_proxys_error_page_is_a_failure_at_once(upstash: Upstash) -> None:
    upstash.page = "<html>502 Bad Gateway</html>"
    async with UpstashCache(upstash.url, TOKEN) as cache:
        with pytest.raises(ValueError, match="Expecting value"):
            await cache.get_many(["key"])
    assert upstash.requests == 1


async def test_a_member_of_a_pipeline_that_is_refused_fails_it(upstash: Upstash) -> None:
    async with UpstashCache(upstash.url, TOKEN) as cache:
        with pytest.raises(Refused, match="invalid expire"):
            await cache.set_many([Entry("key", b"1", 0)])
