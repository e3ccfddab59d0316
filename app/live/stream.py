"""What the bus needs of a service between processes: a log of messages with ids. One file a service."""

from typing import Final, NamedTuple, Protocol

BEGINNING: Final = "0-0"
"""The id before all others."""

AT_ONCE: Final = 32
"""Messages of one answer: 8 MB at most."""

ANSWER_SECONDS: Final = 10.0
"""Bound of one call; longer than any waits for news."""

KEPT_SECONDS: Final = 604_800
"""A stream that nothing is added to is forgotten after so long: its store may be gone."""

FIELD: Final = "m"
"""The one field of an entry."""


class Entry(NamedTuple):
    """One message and its place in the stream."""

    id: str
    message: bytes


class Stream(Protocol):
    """A stream of Redis. Calls try once and raise whatever the client does; who calls bounds the time."""

    pause: float
    """Seconds between two looks where there was nothing new."""

    async def append(self, message: bytes) -> None:
        """Add *message*, and forget the oldest where there are too many."""

    async def after(self, place: str) -> list[Entry]:
        """Entries after the id *place*, oldest first, so many at once. Where there are none, it may wait a while for some."""

    async def newest(self) -> Entry | None:
        """The newest entry that is left."""

    async def close(self) -> None: ...


def order(place: str) -> tuple[int, int]:
    """Ids as they are ordered."""
    milliseconds, _, number = place.partition("-")
    return int(milliseconds), int(number or 0)
