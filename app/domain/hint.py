"""What somebody says of blocks that may be there: a reason to look, never what is believed."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from app.domain.errors import DatafeedError


class Hint(NamedTuple):
    """There may be new blocks, the newest of them *block*; None where its number was not told."""

    block: int | None = None


class NotReadYet(DatafeedError):
    """What a hint is about could not be read in time."""

    help = "Nothing: whoever sent the hint is told to send it again."


Heed = Callable[[Hint], Awaitable[int | None]]
"""Heeds a hint: the newest stored block where that was waited for, else None. NotReadYet where it was waited for in vain."""


def newer(one: Hint, other: Hint | None) -> Hint:
    """One hint instead of both."""
    blocks = [hint.block for hint in (one, other) if hint and hint.block is not None]
    return Hint(max(blocks, default=None))
