"""Redis over TCP: the password, the rights, the memory."""

import pytest
from redis import Redis

from app.checks.service import Service
from app.settings import Settings
from tests.cache.servers import HOST, RedisServer
from tests.checks.conftest import failure, found, port

pytestmark = pytest.mark.anyio
REDIS = Service.REDIS


def command(client: Redis, *words: str) -> None:
    """Run it."""
    client.execute_command(*words)  # type: ignore[no-untyped-call]


async def test_a_redis_that_is_ready(redis: RedisServer) -> None:
    (one,) = await found(Settings(redis_url=redis.url), REDIS)
    assert one.level == "ok"
    assert f"{HOST}:{redis.port}" in one.text
    with redis.client() as client:
        assert client.dbsize() == 0


async def test_users_and_what_they_may(redis: RedisServer) -> None:
    place = f"{HOST}:{redis.port}/0"
    with redis.client() as client:
        command(client, "ACL", "SETUSER", "reader", "on", ">reader-horse", "~*", "+@read", "+@connection")
        command(client, "ACL", "SETUSER", "narrow", "on", ">narrow-horse", "~*", "+@all", "-info", "-xadd")
    wrong = await failure(Settings(redis_url=f"redis://reader:wrong-horse@{place}"), REDIS)
    assert "does not take this password" in wrong.text
    assert "wrong-horse" not in wrong.line
    reader = await failure(Settings(redis_url=f"redis://reader:reader-horse@{place}"), REDIS)
    assert "may not write" in reader.text
    narrow = await failure(Settings(redis_url=f"redis://narrow:narrow-horse@{place}"), REDIS)
    assert "may not write" in narrow.text
    with redis.client() as client:
        command(client, "ACL", "SETUSER", "narrow", "+xadd")
        client.config_set("requirepass", "correct-horse")
    try:
        (one,) = await found(Settings(redis_url=f"redis://narrow:narrow-horse@{place}"), REDIS)
        assert one.level == "ok"
        assert "wants a password" in (await failure(Settings(redis_url=redis.url), REDIS)).text
    finally:
        with Redis(host=HOST, port=redis.port, password="correct-horse") as client:
            client.config_set("requirepass", "")


async def test_memory_that_is_bounded_and_never_freed(redis: RedisServer) -> None:
    with redis.client() as client:
        client.config_set("maxmemory", "100mb")
        _, bounded = await found(Settings(redis_url=redis.url), REDIS)
        client.config_set("maxmemory", "1")
        full = await failure(Settings(redis_url=redis.url), REDIS)
        client.config_set("maxmemory", "0")
    assert bounded.level == "warning"
    assert "maxmemory-policy" in bounded.help
    assert "memory is full" in full.text


async def test_a_number_of_a_database_that_is_not_there(redis: RedisServer) -> None:
    assert "no database of that number" in (await failure(Settings(redis_url=f"redis://{HOST}:{redis.port}/99"), REDIS)).text


async def test_tls_where_there_is_none_and_the_other_way_round(redis: RedisServer) -> None:
    tls = await failure(Settings(redis_url=f"rediss://{HOST}:{redis.port}"), REDIS, 1.0)
    assert "speaks no TLS" in tls.text
    async with port(silent=False) as number:
        plain = await failure(Settings(redis_url=f"redis://{HOST}:{number}"), REDIS)
    assert "rediss://" in plain.help


async def test_without_any_it_is_said_what_that_means() -> None:
    (one,) = await found(Settings(), REDIS)
    assert one.level == "unset"
