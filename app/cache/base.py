"""What a shared cache can do. One file a backend, each of which knows one service and nothing of time limits or candles."""

from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple, Protocol, Self


class Entry(NamedTuple):
    """A value to keep for `ttl` seconds, at least one."""

    key: str
    value: bytes
    ttl: int


class Refused(Exception):
    """The cache answered, and the answer is no: it is full, read-only, or does not know the password."""


class Cache(Protocol):
    """Bytes by key, for a while. A key may be gone at any time; whatever fails raises: Refused where the cache said so itself."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """The value of each of *keys*, in their order."""

    async def set_many(self, entries: Sequence[Entry]) -> None:
        """Keep all of *entries*."""

    async def delete_many(self, keys: Sequence[str]) -> None:
        """Forget *keys*."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...
