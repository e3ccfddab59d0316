"""ClickHouse's RowBinary format, as far as texts go: bytes in, the same bytes out, whatever they are."""

from collections.abc import Iterable, Iterator

_CONTINUED = 0x80


def written(texts: Iterable[bytes]) -> bytes:
    """String columns of one row: each its length in groups of seven bits, the lowest first, then its bytes."""
    parts = []
    for text in texts:
        parts += [_length(len(text)), text]
    return b"".join(parts)


def texts(data: bytes) -> Iterator[bytes]:
    """The values of *data*, an answer whose columns are all Strings, one row after the other."""
    at = 0
    while at < len(data):
        length = shift = 0
        while data[at] & _CONTINUED:
            length |= (data[at] & ~_CONTINUED) << shift
            shift += 7
            at += 1
        length |= data[at] << shift
        at += 1
        yield data[at : at + length]
        at += length


def _length(number: int) -> bytes:
    groups = bytearray()
    while number >= _CONTINUED:
        groups.append(number & ~_CONTINUED & 0xFF | _CONTINUED)
        number >>= 7
    groups.append(number)
    return bytes(groups)
