"""Every check at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from app.checks import clickhouse, embedded, nodes, pusher, redis, sentry, upstash
from app.checks.finding import Check, Failed, Found
from app.checks.service import DEFAULT_SECONDS, Service
from app.ops.logs import secrets
from app.ops.scrubbing import Scrubber

if TYPE_CHECKING:
    from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Checked:
    """A service, as it is called, and one thing that was found about it."""

    service: str
    found: Found


async def _store(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    async for found in (clickhouse if settings.clickhouse_endpoint else embedded).check(settings, seconds):
        yield found


async def _caches(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    for check in (redis.check, upstash.check):
        async for found in check(settings, seconds):
            yield found


SERVICES: Final[dict[Service, tuple[str, Check]]] = {
    Service.CLICKHOUSE: ("ClickHouse", _store),
    Service.REDIS: ("Redis", _caches),
    Service.PUSHER: ("Pusher", pusher.check),
    Service.RPC: ("RPC", nodes.check),
    Service.SENTRY: ("Sentry", sentry.check),
}
"""How each is called, and what checks it."""


async def run(
    settings: Settings, names: Collection[Service] = (), *, seconds: float = DEFAULT_SECONDS, event: bool = False
) -> list[Checked]:
    """Check the services *names* (all, where there are none), each for *seconds* at most; with *event* one is sent to Sentry.

    What was found has no secret of *settings* in it, whoever's words it is.
    """
    checks = dict(SERVICES)
    if event:
        checks[Service.SENTRY] = (checks[Service.SENTRY][0], sentry.check_with_event)
    wanted = [checks[name] for name in checks if not names or name in names]
    results = await asyncio.gather(*(_bounded(check, settings, seconds) for _, check in wanted))
    scrub = Scrubber(secrets(settings), addresses=True)
    return [
        Checked(title, replace(found, text=scrub(found.text), help=scrub(found.help)))
        for (title, _), result in zip(wanted, results, strict=True)
        for found in result
    ]


async def _bounded(check: Check, settings: Settings, seconds: float) -> list[Found]:
    """What *check* finds in *seconds*, the failure that ended it among it."""
    found: list[Found] = []
    try:
        async with asyncio.timeout(seconds), contextlib.aclosing(check(settings, seconds)) as results:
            async for result in results:
                found.append(result)
    except Failed as failed:
        found.append(failed.found)
    except TimeoutError:
        found.append(
            Found("failed", f"no answer within {seconds:g} s", "Try again; --timeout gives it longer, a sleeping service needs up to 60.")
        )
    except Exception as error:  # nobody thought of it: the others are told all the same
        found.append(Found("failed", f"{type(error).__name__}: {error}", "`datafeed --debug check` may say more."))
    return found
