"""News as bytes on their way to other processes: compact JSON, with a version."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, Generic, NamedTuple, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from app.domain.market import Market
from app.domain.news import Committed, News, TakenBack
from app.live.bus import Missed

T = TypeVar("T")

VERSION: Final = 1

LARGEST: Final = 250_000
"""Bytes of a message; what would be larger is told without its trades, or not at all."""

EXACT: Final = 2**53
"""Integers beyond it travel as text: not every program that reads JSON has larger ones."""


class Garbage(ValueError):
    """Bytes that are no message."""


class Message(NamedTuple, Generic[T]):
    """*item* as message `number` of `writer`, who counts from 1."""

    writer: str
    number: int
    item: T | Missed


Forms = Mapping[str, TypeAdapter[Any]]
"""What may be in messages, by its kind."""

_HEAD = TypeAdapter(tuple[int, str, int])
"""Version, writer, number: what every version begins with."""

_NEWS: Forms = {"committed": TypeAdapter(Committed), "taken_back": TypeAdapter(TakenBack)}
_MISSED = "missed"


def encode(writer: str, number: int, news: News) -> bytes:
    """*news* as message *number* of *writer*: without its trades where they are too much, as `Missed` where the rest is, too."""
    attempts: list[tuple[str, News | None]] = [("taken_back", news)]
    if isinstance(news, Committed):
        attempts = [("committed", news), ("committed", news._replace(trades=None))]
    for kind, content in attempts:
        message = written(writer, number, kind, _plain(content))
        if len(message) <= LARGEST:
            return message
    return written(writer, number, _MISSED, None)


def written(writer: str, number: int, kind: str, content: object) -> bytes:
    """*content*, JSON of that *kind*, as message *number* of *writer*."""
    return orjson.dumps((VERSION, writer, number, kind, content))


def decode(message: bytes, forms: Forms = _NEWS) -> Message[Any]:
    """What *message* says. `Missed` where it is of a version that is not known here; Garbage where it is no message of *forms*."""
    try:
        content = orjson.loads(message)
        version, writer, number = _HEAD.validate_python(content[:3])
        if version != VERSION or content[3] == _MISSED:
            return Message(writer, number, Missed())
        return Message(writer, number, forms[content[3]].validate_python(content[4]))
    except (ValidationError, orjson.JSONDecodeError, LookupError, TypeError) as error:
        raise Garbage(type(error).__name__) from error


def _plain(value: Any) -> Any:
    match value:
        case int():
            return value if -EXACT <= value <= EXACT else str(value)
        case tuple() | frozenset():
            return [_plain(each) for each in value]
        case Market():
            return {name: _plain(each) for name, each in asdict(value).items()}
        case _:
            return value
