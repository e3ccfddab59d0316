"""32-byte words of a log as values of a row, refused where the contract's types or our columns cannot hold them."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from app.domain.fixed import DIGITS, LIMIT

WORD: Final = 32
_ADDRESS_PADDING: Final = bytes(12)
_TOO_LARGE: Final = "does not fit Decimal(38, 18)"

Reader = Callable[[bytes], Any]
"""Reads one 32-byte word; raises `Unreadable`."""


class Unreadable(ValueError):
    """A log that cannot become a row; the text is the reason it is set aside with."""


class Amount(NamedTuple):
    """A uint of *bits* with *scale* decimal places, the commonest word by far: read in place, without a call.

    The word's value is right below `limit`, and `factor` times it is in 1e-18 units.
    """

    bits: int
    scale: int
    factor: int
    limit: int

    def refuse(self, value: int) -> Unreadable:
        """Why *value*, at or above the limit, is refused."""
        return Unreadable(f"{value} is no uint{self.bits}" if value >> self.bits else f"{value} at scale {self.scale} {_TOO_LARGE}")


def unsigned(bits: int, scale: int) -> Amount:
    """How a uint of *bits* with *scale* decimal places is read."""
    factor: int = 10 ** (DIGITS - scale)
    return Amount(bits, scale, factor, min(1 << bits, LIMIT // factor))


def signed(bits: int, scale: int, *, negative: bool) -> Reader:
    """Reads an int of *bits* as an amount with *scale* decimal places, into 1e-18 units; below 0 only where *negative*."""
    factor: int = 10 ** (DIGITS - scale)
    half = 1 << (bits - 1)
    limit = LIMIT // factor

    def read(word: bytes) -> int:
        value = int.from_bytes(word, "big", signed=True)
        if not -half <= value < half:
            raise Unreadable(f"{value} is no int{bits}")
        if not -limit < value < limit:
            raise Unreadable(f"{value} at scale {scale} {_TOO_LARGE}")
        if value < 0 and not negative:
            raise Unreadable(f"{value} is negative")
        return value * factor

    return read


def whole(bits: int) -> Reader:
    """Reads a uint of *bits* as it is."""

    def read(word: bytes) -> int:
        value = int.from_bytes(word, "big")
        if value >> bits:
            raise Unreadable(f"{value} is no uint{bits}")
        return value

    return read


def whole_signed(bits: int) -> Reader:
    """Reads an int of *bits* as it is."""
    half = 1 << (bits - 1)

    def read(word: bytes) -> int:
        value = int.from_bytes(word, "big", signed=True)
        if not -half <= value < half:
            raise Unreadable(f"{value} is no int{bits}")
        return value

    return read


def left_aligned(bits: int) -> Reader:
    """Reads a bytesN of *bits* as 0x hex."""
    size = bits // 8

    def read(word: bytes) -> str:
        if any(word[size:]):
            raise Unreadable(f"0x{word.hex()} is no bytes{size}")
        return "0x" + word[:size].hex()

    return read


def hexadecimal(word: bytes) -> str:
    """A word as 0x hex."""
    return "0x" + word.hex()


def address(word: bytes) -> str:
    """An address, 0x hex in lower case."""
    if word[:12] != _ADDRESS_PADDING:
        raise Unreadable(f"0x{word.hex()} is no address")
    return "0x" + word[12:].hex()


def boolean(word: bytes) -> bool:
    """A bool, strictly 0 or 1."""
    value = int.from_bytes(word, "big")
    if value > 1:
        raise Unreadable(f"{value} is no bool")
    return value == 1
