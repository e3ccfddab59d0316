"""How many blocks to ask for at once: as many as fill one answer, and no more than the node puts up with."""

FIRST_TRY = 1_000
"""Blocks in the first range, before anything is known."""

RELAX_AFTER = 30
"""Answers after which a node's limit is tried again: it may have been another node's, or a passing weakness."""


class RangeSize:
    """The number of blocks of the next range: `blocks`, at least 1 and at most *largest*.

    It aims at *target* logs an answer, so that dense and sparse stretches of a chain cost the same memory.
    """

    def __init__(self, largest: int, target: int) -> None:
        self.blocks = max(1, min(largest, FIRST_TRY))
        self._largest = max(1, largest)
        self._target = target
        self._ceiling = self._largest
        self._answers = 0

    def answered(self, blocks: int, logs: int) -> None:
        """A range of *blocks* was answered with *logs*."""
        self._answers += 1
        if self._answers >= RELAX_AFTER:
            self._answers, self._ceiling = 0, min(self._largest, self._ceiling * 2)
        # A range cut short by the end of what was asked for says nothing about larger ones.
        reach = self.blocks * 2 if blocks >= self.blocks else self.blocks
        filling = blocks * self._target // max(1, logs)
        self.blocks = max(1, min(reach, filling, self._ceiling))

    def refused(self, blocks: int, suggested: int | None, *, lasting: bool) -> None:
        """A range of *blocks* was too large; *lasting* where larger ones will be too."""
        allowed = suggested if suggested and suggested < blocks else max(1, blocks // 2)
        self.blocks = min(self.blocks, allowed)
        if lasting:
            self._ceiling, self._answers = min(self._ceiling, allowed), 0
