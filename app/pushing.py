"""Live updates the way Pusher's clients want them, put together."""

import secrets
from typing import Final

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, WebSocketRoute

from app.feed.failures import Failures, told_in_text
from app.live.pusher.api import LONGEST_BODY, Api
from app.live.pusher.channels import Channels
from app.live.pusher.signature import App
from app.live.pusher.socket import Socket
from app.ops.bounds import Bounds
from app.settings import Settings

LOCAL_ID: Final = "1"  # digits: Pusher's libraries refuse anything else
LOCAL_KEY: Final = "local"


class LocalPusher:
    """Our own Pusher: an app, its channels, and the routes by which clients and services get to them."""

    def __init__(self, settings: Settings) -> None:
        known = settings.pusher_local_secret.get_secret_value()
        self.app = App(LOCAL_ID, LOCAL_KEY, known or secrets.token_urlsafe(32))
        self.channels = Channels(settings.pusher_local_connections)
        guards = [
            Middleware(Failures, form=told_in_text),
            Middleware(Bounds, query_bytes=settings.max_query_bytes, body_bytes=LONGEST_BODY),
        ]
        api = Api(self.app, self.channels, is_open=bool(known))
        self.routes: list[BaseRoute] = [
            WebSocketRoute("/app/{key}", Socket(self.app, self.channels).talk),
            Mount("/apps", routes=api.routes, middleware=guards),
        ]


def local_pusher(settings: Settings) -> LocalPusher | None:
    """Our own, where live updates are on and no app of Pusher's is set."""
    return LocalPusher(settings) if settings.enable_realtime_streaming and not settings.pusher_app_id else None
