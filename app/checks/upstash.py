"""Checks Upstash over REST."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.checks.finding import Failed, Found, ok, warning
from app.checks.keys import refused, round_trip
from app.checks.reach import reach

if TYPE_CHECKING:
    from app.settings import Settings

SETTING = "UPSTASH_REDIS_REST_URL"


async def check(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    """The way there, the token, the plan, and a round trip of a scratch key: seven commands."""
    url = settings.upstash_redis_rest_url
    if not url:
        return
    from upstash_redis.asyncio import Redis
    from upstash_redis.errors import UpstashError

    parts = urlsplit(url)
    host, tls = parts.hostname or "", parts.scheme == "https"
    await reach(host, parts.port or (443 if tls else 80), tls=tls, setting=SETTING, seconds=seconds / 2, proxied=True)
    token = settings.upstash_redis_rest_token.get_secret_value()
    try:
        async with Redis(url, token, rest_encoding=None, rest_retries=0, allow_telemetry=False, read_your_writes=False) as redis:

            async def execute(*words: Any) -> Any:
                return await redis.execute(list(words))

            took = await round_trip(execute)
    except UpstashError as error:
        raise refused(str(error), "UPSTASH_REDIS_REST_TOKEN") from None
    except (ValueError, KeyError, TypeError):  # an answer that is not what Upstash's look like
        raise Failed(
            f"{host} does not answer as Upstash does", f"Copy {SETTING} from the database's REST tab; see whether it is up."
        ) from None
    except Exception as error:  # the client's transport has errors of its own
        raise Failed(f"{host} breaks the connection off: {type(error).__name__}", f"Check {SETTING}, and try again.") from None
    yield ok(f"{host}{' over TLS' if tls else ''}, {took * 1_000:.0f} ms a command: written, read and deleted")
    if settings.redis_url:
        yield warning("REDIS_URL is set as well, and is what is used", "Leave one of them out.")
