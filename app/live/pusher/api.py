"""Pusher's HTTP API before our own channels: events by the signature of who knows the secret, and which channels are occupied."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.live.pusher import protocol
from app.live.pusher.audience import Audience
from app.live.pusher.channels import Event
from app.live.pusher.signature import App, Unsigned, check_body, check_request

LONGEST_DATA: Final = 10_240
"""Bytes of an event."""

MOST_EVENTS: Final = 10
"""Of a batch."""

MOST_CHANNELS: Final = 100
"""Of one event."""

LONGEST_BODY: Final = MOST_EVENTS * LONGEST_DATA * 6 + 65_536
"""Bytes: each may be written as six in JSON, and there are names."""

COUNTED: Final = "subscription_count"


class Api:
    """The API of *app*. Without a secret that anybody could know, nobody is let in."""

    def __init__(self, app: App, audience: Audience, tell: Callable[[Event], None], *, is_open: bool) -> None:
        """*audience* is who is asked about; *tell* is handed the events."""
        self._app = app
        self._tell = tell
        self._audience = audience
        self._is_open = is_open

    @property
    def routes(self) -> list[Route]:
        """Below `/apps`."""
        return [
            Route("/{app_id}/events", self.trigger, methods=["POST"]),
            Route("/{app_id}/batch_events", self.trigger_batch, methods=["POST"]),
            Route("/{app_id}/channels", self.occupied),
            Route("/{app_id}/channels/{channel}", self.channel),
        ]

    async def trigger(self, request: Request) -> Response:
        """One event, for up to 100 channels."""
        body = await self._signed(request)
        channels = body["channels"] if "channels" in body else [body.get("channel")]
        event = _event(body, channels)
        self._tell(event)
        return _json({"channels": {name: self._about(name, event.info) for name in event.channels}} if event.info else {})

    async def trigger_batch(self, request: Request) -> Response:
        """Up to ten events of one channel each: all, or none where one is wrong."""
        batch = (await self._signed(request)).get("batch")
        if not isinstance(batch, list) or not all(isinstance(entry, dict) for entry in batch):
            raise HTTPException(400, "batch must be a list of events")
        if len(batch) > MOST_EVENTS:
            raise HTTPException(400, f"a batch has {MOST_EVENTS} events at most")
        events = [_event(entry, [entry.get("channel")]) for entry in batch]
        for event in events:
            self._tell(event)
        asked = any(event.info for event in events)
        return _json({"batch": [self._about(event.channels[0], event.info) for event in events]} if asked else {})

    async def occupied(self, request: Request) -> Response:
        """The occupied channels whose names begin with `filter_by_prefix`."""
        await self._signed(request)
        prefix, info = request.query_params.get("filter_by_prefix", ""), request.query_params.get("info", "")
        return _json({"channels": {name: self._about(name, info) for name in self._audience.occupied(prefix)}})

    async def channel(self, request: Request) -> Response:
        """Whether a channel is occupied, and by how many if asked for."""
        await self._signed(request)
        name = request.path_params["channel"]
        return _json({"occupied": self._audience.count(name) > 0} | self._about(name, request.query_params.get("info", "")))

    async def _signed(self, request: Request) -> dict[str, Any]:
        """The body (empty of a GET), of one who may; the signature is checked before a byte of it is read."""
        if request.path_params["app_id"] != self._app.id:
            raise HTTPException(404, "there is no such app")
        if not self._is_open:
            raise HTTPException(403, "nobody can sign requests: PUSHER_LOCAL_SECRET is not set")
        try:
            check_request(self._app, request.method, request.scope["path"], request.query_params, time.time())
            body = await request.body()
            check_body(request.query_params, body)
        except Unsigned as error:
            raise HTTPException(401, str(error)) from None
        if request.method == "GET":
            return {}
        try:
            parsed = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise HTTPException(400, "the body must be JSON") from None
        if not isinstance(parsed, dict):
            raise HTTPException(400, "the body must be an object")
        return parsed

    def _about(self, channel: str, info: str) -> dict[str, Any]:
        return {COUNTED: self._audience.count(channel)} if COUNTED in info.split(",") else {}


def _event(body: Mapping[str, Any], channels: object) -> Event:
    name, data, exclude, info = body.get("name"), body.get("data"), body.get("socket_id") or "", body.get("info") or ""
    if not isinstance(name, str) or not 0 < len(name) <= protocol.LONGEST_EVENT:
        raise HTTPException(400, f"name must have 1 to {protocol.LONGEST_EVENT} characters")
    if not isinstance(data, str):
        raise HTTPException(400, "data must be a text")
    if len(data.encode()) > LONGEST_DATA:
        raise HTTPException(413, f"data is longer than {LONGEST_DATA} bytes")
    if not isinstance(channels, list) or not 0 < len(channels) <= MOST_CHANNELS:
        raise HTTPException(400, f"an event is for 1 to {MOST_CHANNELS} channels")
    if not all(isinstance(channel, str) and protocol.is_channel(channel) for channel in channels):
        raise HTTPException(400, f"a channel's name has 1 to {protocol.LONGEST_CHANNEL} letters, digits and _ - = @ , . ;")
    if not isinstance(exclude, str) or (exclude and not protocol.is_socket_id(exclude)):
        raise HTTPException(400, "socket_id must be one that a connection was given")
    return Event(name, tuple(channels), data, exclude, info if isinstance(info, str) else "")


def _json(content: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
