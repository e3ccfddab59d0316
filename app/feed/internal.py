"""What a cron or a queue calls, where no process of ours stays."""

from collections.abc import Sequence
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, Router

from app.feed.answering import json
from app.feed.failures import ENVELOPE, Failures, RequestError
from app.live.pusher.signature import same
from app.live.round import NotPushed
from app.ops.access import shown
from app.settings import Settings

NO_STORE = "no-store"


class InternalHooks:
    """Does a round of the ticker for who shows CRON_SECRET, as crons do: `Authorization: Bearer SECRET`, by GET or POST."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self, guards: Sequence[Middleware]) -> Mount:
        """The routes, behind *guards*."""
        routes = [Route("/tick", self.tick, methods=["GET", "POST"])]
        return Mount("/api/internal", Router(routes, redirect_slashes=False), middleware=[Middleware(Failures, form=ENVELOPE), *guards])

    async def tick(self, request: Request[Any]) -> Response:
        """What came of the round, or that one is under way."""
        secret = self._settings.cron_secret.get_secret_value()
        if not secret:
            raise RequestError(403, "nobody may call this: CRON_SECRET is not set")
        if not same(shown(request.scope), secret):
            raise RequestError(401, "the header must be Authorization: Bearer and the CRON_SECRET")
        if not (self._settings.pusher_app_id or self._settings.has_redis):
            raise RequestError(409, "there is nothing to do: PUSHER_APP_ID, to push to, is not set, nor a Redis for active prices")
        try:
            done = await request.state["round"]()
        except NotPushed as error:
            raise RequestError(502, str(error)) from None
        if done is None:
            return json({"success": True, "status": "under way"}, NO_STORE)
        return json({"success": True, "status": "done" if done.is_all else "cut short", "pushed": done.pushed}, NO_STORE)
