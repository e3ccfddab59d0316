"""What Pusher's clients and Pusher itself ask for: who may hear a private channel, and word of channels that are occupied."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from app.feed.failures import ENVELOPE, Failures, RequestError
from app.feed.forms import fields, form_body
from app.live.pusher import protocol
from app.live.pusher.signature import App, authorization, is_webhook, same
from app.live.topics import USER
from app.ops.access import identified, shown
from app.settings import Settings

LONGEST_FIELD: Final = 1_024
SECONDS: Final = 10.0
"""Of a form, to arrive."""


class PusherHooks:
    """Signs for *app* what a user may hear: the channel of the user whom a token names; a key's program may hear everybody's.

    All of *when_occupied* are called when Pusher says that a channel was occupied or vacated.
    """

    def __init__(self, app: App, settings: Settings, when_occupied: Iterable[Callable[[], None]]) -> None:
        self._app = app
        self._settings = settings
        self._when_occupied = when_occupied

    def routes(self, guards: Sequence[Middleware]) -> Mount:
        """The routes, behind *guards*."""
        routes = [Route("/auth", self.authorize, methods=["POST"]), Route("/webhook", self.hear, methods=["POST"])]
        return Mount("/api/pusher", Router(routes, redirect_slashes=False), middleware=[Middleware(Failures, form=ENVELOPE), *guards])

    async def hear(self, request: Request) -> Response:
        """A webhook of Pusher's; 401 for one that is not. What it tells is asked for anew: hooks may be lost or come twice."""
        headers = request.headers
        if not is_webhook(self._app, headers.get("x-pusher-key", ""), headers.get("x-pusher-signature", ""), await request.body()):
            raise RequestError(401, "X-Pusher-Key and X-Pusher-Signature must be those of the app that is set here")
        for tell in self._when_occupied:
            tell()
        return Response("{}", media_type="application/json")

    async def authorize(self, request: Request) -> Response:
        """The authorization that the client hands on; 403 where there is none for whoever asks."""
        if not (self._settings.jwt_key or self._settings.api_keys_sha256):
            raise RequestError(403, "there are no private channels: nothing tells users apart unless JWT_… is set, with AUTH_ROUTES=pusher")
        asking = identified(shown(request.scope), self._settings)
        given = fields(request.headers.get("content-type", ""), await form_body(request, LONGEST_FIELD, SECONDS))
        socket_id, channel = (given.get(name, b"").decode(errors="replace") for name in ("socket_id", "channel_name"))
        if not protocol.is_socket_id(socket_id):
            raise RequestError(400, "socket_id must be the one that the connection was given")
        if not protocol.is_channel(channel) or not channel.startswith(USER):
            raise RequestError(403, f"there are no private channels but {USER} and an address")
        if asking.kind == "token" and not same(channel.removeprefix(USER).lower(), asking.subject.lower()):
            raise HTTPException(403, "this channel is another user's", {"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
        return Response(orjson.dumps({"auth": authorization(self._app, socket_id, channel)}), media_type="application/json")
