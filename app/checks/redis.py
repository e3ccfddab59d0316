"""Checks Redis over TCP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.checks.finding import Failed, Found, ok, unset, warning
from app.checks.keys import refused, round_trip
from app.checks.reach import reach

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from app.settings import Settings

SETTING = "REDIS_URL"
PORT = 6379


async def check(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    """The way there, the password, and a round trip of a scratch key."""
    url = settings.redis_url.get_secret_value()
    if not url:
        if not settings.upstash_redis_rest_url:
            yield unset("no Redis: each process caches for itself, and separate processes tell each other nothing")
        return
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError

    parts = urlsplit(url)
    host, port, tls = parts.hostname or "", parts.port or PORT, parts.scheme == "rediss"
    await reach(host, port, tls=tls, setting=SETTING, seconds=seconds / 2, verified="ssl_" not in parts.query)
    try:
        async with Redis.from_url(url, protocol=2, retry=Retry(NoBackoff(), 0)) as redis:
            took = await round_trip(redis.execute_command)
            about = await _about(redis)
    except RedisError as error:
        raise _failed(error, tls=tls) from None
    except (ValueError, OSError) as error:  # what a URL's options may be wrong about
        raise Failed(f"the server cannot be used: {type(error).__name__}", f"Check {SETTING}.") from None
    version = f"version {about['redis_version']} at " if "redis_version" in about else ""
    yield ok(f"{version}{host}:{port}{' over TLS' if tls else ''}, {took * 1_000:.0f} ms a command: written, read and deleted")
    if about.get("maxmemory") and about.get("maxmemory_policy") == "noeviction":
        yield warning(
            "its memory is bounded, and it evicts nothing: when full, it caches nothing more", "Give it allkeys-lru as maxmemory-policy."
        )


async def _about(redis: Redis) -> dict[str, Any]:
    """What the server tells of itself; nothing where it does not."""
    from redis.exceptions import ResponseError

    try:
        return dict(await redis.info())
    except ResponseError:
        return {}


def _failed(error: Exception, *, tls: bool) -> Failed:
    from redis.exceptions import AuthenticationError
    from redis.exceptions import ConnectionError as RedisConnectionError

    text = str(error)
    if not tls and isinstance(error, RedisConnectionError) and not isinstance(error, AuthenticationError):
        return Failed("the server hangs up", f"If it wants TLS, begin {SETTING} with rediss://.")
    return refused(text, SETTING)
