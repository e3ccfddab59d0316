"""Upstash over REST: the token, the plan, and answers that are no answers."""

from collections.abc import AsyncIterator

import pytest

from app.checks.service import Service
from app.settings import Settings
from tests.cache.servers import RedisServer
from tests.cache.upstash import TOKEN, Upstash
from tests.checks.conftest import failure, found, port

pytestmark = pytest.mark.anyio
REDIS = Service.REDIS


@pytest.fixture
async def upstash(redis: RedisServer) -> AsyncIterator[Upstash]:
    """The stand-in."""
    async with Upstash(redis.url).serving() as service:
        yield service


def settings(url: str, token: str = TOKEN, **others: str) -> Settings:
    return Settings(upstash_redis_rest_url=url, upstash_redis_rest_token=token, **others)


async def test_a_database_that_is_ready(upstash: Upstash, redis: RedisServer) -> None:
    (one,) = await found(settings(upstash.url), REDIS)
    assert one.level == "ok"
    assert len(upstash.commands) == 6  # each is billed
    with redis.client() as client:
        assert client.dbsize() == 0
    twice = await found(settings(upstash.url, redis_url=redis.url), REDIS)
    assert [one.level for one in twice] == ["ok", "ok", "warning"]


async def test_a_token_that_is_not_taken(upstash: Upstash) -> None:
    one = await failure(settings(upstash.url, "wrong-token-of-somebody"), REDIS)
    assert "does not take this password or token" in one.text
    assert "UPSTASH_REDIS_REST_TOKEN" in one.help
    assert "wrong-token" not in one.line


@pytest.mark.parametrize(
    ("refusal", "meaning"),
    [
        ("NOPERM this user has no permissions to run the 'set' command", "may not write"),
        ("ERR max daily request limit exceeded. Limit: 10000, Usage: 10000.", "for today are used up"),
        ("ERR max requests limit exceeded. Limit: 500000, Usage: 500000.", "for this month are used up"),
        ("ERR DB capacity quota exceeded", "storage is full"),
        ("ERR something new", "the server answers: ERR something new"),
    ],
)
async def test_what_a_plan_or_a_token_does_not_allow(upstash: Upstash, refusal: str, meaning: str) -> None:
    upstash.refusals = {"SET": refusal}
    assert meaning in (await failure(settings(upstash.url), REDIS)).text


async def test_somebody_else_answers(upstash: Upstash) -> None:
    upstash.page = "<html>502 Bad Gateway</html>"
    assert "does not answer as Upstash does" in (await failure(settings(upstash.url), REDIS)).text
    async with port(silent=False) as number:
        assert "breaks the connection off" in (await failure(settings(f"http://127.0.0.1:{number}"), REDIS)).text
