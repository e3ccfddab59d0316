"""How many events may be pushed in a round, so that no second has more than it may."""

import math
from typing import Final

SECOND: Final = 1.0


class Allowance:
    """*rate* events a second at most (None: any number), in rounds that are *interval* seconds apart or more: `pause` where more is due."""

    def __init__(self, rate: float | None, interval: float) -> None:
        self.pause = interval if rate is None else min(interval, SECOND)
        self._share = None if rate is None else rate * SECOND / math.ceil(SECOND / self.pause)  # as many rounds may fall into one second
        self._carried = 0.0

    def of(self, waiting: int) -> int:
        """How many of *waiting* events may be pushed in this round. The fraction of one that is left over counts in the next."""
        if self._share is None:
            return waiting
        allowed = self._carried + self._share
        most = min(int(allowed), waiting)
        self._carried = allowed - most
        if self._carried >= 1:  # little waits: the next may be pushed at once, but no more than that is saved up
            self._carried = -self._share % 1
        return most
