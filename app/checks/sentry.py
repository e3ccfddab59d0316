"""Checks where error reports go; an event is sent only where that is asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from uuid import uuid4

from app.checks.finding import Failed, Found, ok, unset
from app.checks.reach import reach

if TYPE_CHECKING:
    from app.settings import Settings

SETTING: Final = "SENTRY_DSN"
LONGEST_ANSWER: Final = 1_000
"""Bytes."""


async def check(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    """The way there; what the DSN must be made of, the settings have looked at."""
    dsn = settings.sentry_dsn.get_secret_value()
    if not dsn:
        yield unset("no Sentry: errors are in the log alone")
        return
    parts = urlsplit(dsn)
    tls = parts.scheme == "https"
    took = await reach(parts.hostname or "", parts.port or (443 if tls else 80), tls=tls, setting=SETTING, seconds=seconds / 2)
    yield ok(f"{parts.hostname}{' over TLS' if tls else ''}, {took * 1_000:.0f} ms; no event was sent, so its key is not tried")


async def check_with_event(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    """The same, and whether the project takes an event."""
    async for found in check(settings, seconds):
        yield found if found.level == "unset" else ok(f"{found.text.partition(';')[0]}; {await _sent(settings, seconds)}")


async def _sent(settings: Settings, seconds: float) -> str:
    import aiohttp
    import orjson
    from sentry_sdk.consts import EndpointType
    from sentry_sdk.utils import Dsn

    auth = Dsn(settings.sentry_dsn.get_secret_value()).to_auth("vamm-datafeed")
    event_id = uuid4().hex
    event = {"message": "datafeed check", "level": "info", "environment": settings.sentry_environment, "platform": "python"}
    lines = [{"event_id": event_id}, {"type": "event"}, {"event_id": event_id, **event}]
    headers = {"X-Sentry-Auth": auth.to_header(), "Content-Type": "application/x-sentry-envelope"}
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(seconds)) as session:
            url = auth.get_api_url(EndpointType.ENVELOPE)
            async with session.post(url, data=b"\n".join(map(orjson.dumps, lines)), headers=headers) as response:
                said = (await response.content.read(LONGEST_ANSWER)).decode(errors="replace")
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Failed(f"an event could not be sent: {type(error).__name__}", f"Check {SETTING}.") from None
    if response.status == 429:
        raise Failed("the project's quota is used up", "Wait, or take a larger plan at Sentry.")
    if response.status != 200:
        raise Failed(
            f"the project refuses events: HTTP {response.status} {said}", f"Copy {SETTING} anew: Client Keys of the project's settings."
        )
    return f"event {event_id} was taken"
