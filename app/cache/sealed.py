"""The form of a value in a shared cache, so that whatever else lies there is a miss and never an answer."""

import zlib
from typing import NamedTuple

MARK = b"vdf1"
"""Who wrote it, and the version of this form."""

_HEAD = len(MARK) + 16


class Opened(NamedTuple):
    """A value, and the seconds that it has left."""

    value: bytes
    ttl: float


def seal(key: str, value: bytes, expires: int) -> bytes:
    """*value* under *key* until *expires* (seconds since 1970), with a checksum of all three: ASCII where the value is."""
    end = b"%08x" % expires
    return b"".join((MARK, b"%08x" % _checksum(key, end, value), end, value))


def unseal(key: str, sealed: bytes, now: float) -> Opened | None:
    """What `seal` was given; None where it is not that, or not under this key, or *now* its time is over."""
    if len(sealed) < _HEAD or not sealed.startswith(MARK):
        return None
    checksum, end, value = sealed[len(MARK) : _HEAD - 8], sealed[_HEAD - 8 : _HEAD], sealed[_HEAD:]
    if checksum != b"%08x" % _checksum(key, end, value):
        return None
    left = int(end, 16) - now
    return Opened(value, left) if left > 0 else None


def _checksum(key: str, end: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(end, zlib.crc32(key.encode())))
