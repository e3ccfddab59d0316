"""Finds out what was missed: by the checkpoints that follow each other on a chain, and by the numbers of a writer's messages."""

from collections import OrderedDict
from enum import Enum, auto

from app.domain.news import Committed, TakenBack
from app.live.bus import Item

MOST_WRITERS = 256
"""Writers remembered: each process that ever told something is one."""


class Continuity:
    """Holds each chain's news to the checkpoint that the news before ended with."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def holds(self, item: Item) -> bool:
        """Whether nothing is missing between *item* and the one before of its chain, as far as one can tell."""
        match item:
            case Committed(chain_id=chain, previous=previous, block=block) | TakenBack(chain_id=chain, previous=previous, block=block):
                before = self._last.get(chain)
                self._last[chain] = block
                return before is None or previous is None or before == previous
            case _:
                self._last.clear()  # it is said already
                return True


class Turn(Enum):
    """What a message is among its writer's."""

    NEXT = auto()
    AGAIN = auto()
    AFTER_A_GAP = auto()


class Sequences:
    """Holds messages to the number of their writer's message before. A writer counts from 1."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()

    def note(self, writer: str, number: int) -> Turn:
        """What message *number* of *writer* is; one from a writer unknown so far is the next where it is its first."""
        last = self._last.get(writer, 0)
        if number <= last:
            return Turn.AGAIN
        self._last[writer] = number
        self._last.move_to_end(writer)
        if len(self._last) > MOST_WRITERS:
            self._last.popitem(last=False)
        return Turn.NEXT if number == last + 1 else Turn.AFTER_A_GAP
