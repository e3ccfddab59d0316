"""A place in a chain, as programs pass it back to read on from there."""

import re
from typing import NamedTuple, Self

from app.domain.trade import LOG_INDEX_BITS, MAX_BLOCK_NUMBER, MAX_LOG_INDEX, ordinal

_NUMBER = re.compile(r"[0-9]{1,20}")
_LAST = 2**64 - 1


class Cursor(NamedTuple):
    """The place of one event. As text it is the event's ordinal: opaque to who gets it, and beyond the numbers that JavaScript holds.

    A place stays where it is, whatever is stored or taken back around it.
    """

    block_number: int
    log_index: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that *text* was made from; ValueError where it is none."""
        if not _NUMBER.fullmatch(text) or (number := int(text)) > _LAST:
            raise ValueError("not a cursor")
        return cls(number >> LOG_INDEX_BITS, number & MAX_LOG_INDEX)

    @classmethod
    def first(cls) -> Self:
        """A place before every event."""
        return cls(0, -1)

    @classmethod
    def last(cls) -> Self:
        """A place after every event."""
        return cls(MAX_BLOCK_NUMBER, MAX_LOG_INDEX)

    @property
    def ordinal(self) -> int:
        """The only order of events, as one UInt64."""
        return ordinal(self.block_number, self.log_index)

    def __str__(self) -> str:
        return str(self.ordinal)
