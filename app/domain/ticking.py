"""How far what is pushed had come at some moment."""

from collections.abc import Mapping
from typing import NamedTuple


class Head(NamedTuple):
    """A chain's newest committed block, and its time in seconds."""

    block: int
    time: int


class Mark(NamedTuple):
    """The moment `at` (seconds by the store's clock), the heads of chains by their ids then, and the channels that were told all up to
    these.

    A chain that has no head is one of which they were not told all.
    """

    at: int
    heads: Mapping[int, Head]
    channels: frozenset[str]
