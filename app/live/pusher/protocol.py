"""Pusher's WebSocket protocol, version 7: frames, names of channels, and the codes that connections are closed with."""

import re
from enum import IntEnum
from typing import Any, Final, NamedTuple

import orjson

VERSION: Final = 7

LONGEST_CHANNEL: Final = 164
LONGEST_EVENT: Final = 200
"""Characters of a name."""

_CHANNEL: Final = re.compile(rf"[A-Za-z0-9_\-=@,.;]{{1,{LONGEST_CHANNEL}}}")
_SOCKET_ID: Final = re.compile(r"[0-9]{1,20}\.[0-9]{1,20}")


class Code(IntEnum):
    """Why a connection is closed: below 4100 it would end the same way again, below 4200 after a pause it may not, else at once."""

    NO_SUCH_APP = 4001
    OVER_QUOTA = 4004
    BAD_VERSION = 4006
    UNSUPPORTED_VERSION = 4007
    NO_VERSION = 4008
    OVER_CAPACITY = 4100
    RECONNECT = 4200
    NO_PONG = 4201
    NOT_UNDERSTOOD = 4300
    CLIENT_EVENT = 4301


class Said(NamedTuple):
    """What a client said: `data` is whatever JSON came with it, `channel` empty where none was named."""

    event: str
    channel: str
    data: Any


class NotUnderstood(Exception):
    """A frame that is none."""


def is_channel(name: str) -> bool:
    """Whether a channel may be called so."""
    return bool(_CHANNEL.fullmatch(name))


def is_socket_id(text: str) -> bool:
    """Whether a connection may be called so."""
    return bool(_SOCKET_ID.fullmatch(text))


def said(frame: str) -> Said:
    """The client's *frame*; NotUnderstood where it is no object with an event."""
    try:
        parsed = orjson.loads(frame)
    except orjson.JSONDecodeError:
        raise NotUnderstood("a frame must be a JSON object") from None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("event"), str):
        raise NotUnderstood("a frame must be a JSON object with an event")
    channel = parsed.get("channel")
    return Said(parsed["event"], channel if isinstance(channel, str) else "", parsed.get("data"))


def event(name: str, channel: str, data: str) -> str:
    """An event of a channel; *data* is a text, as all events of channels have it."""
    return _frame({"event": name, "channel": channel, "data": data})


def established(socket_id: str, activity_seconds: float) -> str:
    """The first frame: the connection's name, and after how many seconds of silence the client should ask whether it still stands."""
    return _frame({"event": "pusher:connection_established", "data": _text({"socket_id": socket_id, "activity_timeout": activity_seconds})})


def subscribed(channel: str) -> str:
    """The client hears *channel* from here on."""
    return event("pusher_internal:subscription_succeeded", channel, "{}")


def subscription_refused(channel: str, kind: str, reason: str, status: int) -> str:
    """The client does not hear *channel*. As its library tells it where an authorization failed: `type`, `error` and `status`."""
    return event("pusher:subscription_error", channel, _text({"type": kind, "error": reason, "status": status}))


def error(code: int, message: str) -> str:
    """Something of the connection as a whole."""
    return _frame({"event": "pusher:error", "data": {"code": code, "message": message}})


def _frame(content: dict[str, Any]) -> str:
    return orjson.dumps(content).decode()


def _text(content: dict[str, Any]) -> str:
    return orjson.dumps(content).decode()


PING: Final = _frame({"event": "pusher:ping", "data": "{}"})
PONG: Final = _frame({"event": "pusher:pong", "data": "{}"})
