"""Checks the app at Pusher, or at what speaks its HTTP API, by the question that is asked all the time: which channels are occupied."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.checks.finding import Failed, Found, ok, unset, warning
from app.checks.reach import reach

if TYPE_CHECKING:
    from app.settings import Settings

APP = "They are under App Keys of the app at dashboard.pusher.com."


async def check(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    """The way there, the app's id, key and secret, its cluster and its quota."""
    if not settings.pusher_app_id:
        yield unset("no app: live updates go by WebSockets, and by the Pusher that the service is itself")
        return
    parts = urlsplit(settings.pusher_url or f"https://api-{settings.pusher_cluster}.pusher.com")
    host, tls = parts.hostname or "", parts.scheme == "https"
    setting = "PUSHER_URL" if settings.pusher_url else "PUSHER_CLUSTER"
    took = await reach(host, parts.port or (443 if tls else 80), tls=tls, setting=setting, seconds=seconds / 2)
    occupied = await _occupied(settings, setting)
    yield ok(f"app {settings.pusher_app_id} at {host}{' over TLS' if tls else ''}, {took * 1_000:.0f} ms; {occupied} channels occupied")
    if not settings.enable_realtime_streaming:
        yield warning("nothing is pushed: ENABLE_REALTIME_STREAMING is off", "Leave it out, or leave the app out.")


async def _occupied(settings: Settings, setting: str) -> int:
    import aiohttp
    from pusher.errors import PusherBadAuth, PusherBadRequest, PusherBadStatus, PusherForbidden

    from app.live.pusher.elsewhere import elsewhere
    from app.live.pusher.signature import App

    app = App(settings.pusher_app_id, settings.pusher_key, settings.pusher_secret.get_secret_value())
    try:
        async with elsewhere(app, cluster=settings.pusher_cluster, url=settings.pusher_url, poll=0) as backend:
            return len(await backend.occupied())
    except PusherForbidden as error:
        raise Failed(
            f"the app may not be used: {error}",
            "It is disabled, or its quota is used up: look at it in Pusher's dashboard, or take a larger plan.",
        ) from None
    except (PusherBadAuth, PusherBadRequest, PusherBadStatus) as error:
        raise _failed(str(error), setting) from None
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Failed(f"no answer that Pusher would give: {type(error).__name__}", f"Check {setting}, and Pusher's status page.") from None


def _failed(said: str, setting: str) -> Failed:
    words = said.lower()
    if "auth_key" in words or "app key" in words:
        return Failed("there is no app with this key", f"Check PUSHER_KEY, and {setting}: an app lives in one cluster alone. {APP}")
    if "timestamp" in words:
        return Failed("the clock of this machine is wrong", "Have it set by NTP: signatures hold for ten minutes.")
    if "signature" in words:
        return Failed("the signature is not the app's", f"Check PUSHER_SECRET. {APP}")
    if words.startswith("404") or "app" in words:
        return Failed("there is no app with this id", f"Check PUSHER_APP_ID, and {setting}: an app lives in one cluster alone. {APP}")
    return Failed(f"Pusher answers: {said}", "Check the four settings of Pusher, and Pusher's status page.")
