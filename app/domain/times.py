"""How long things took, counted by bounds: however many there are, they take the same room."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: the upper ends of what is counted together; what takes longer than the last has a count of its own."""


class Times:
    """A histogram. Not for several threads."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """By bound, each without those below it; the last is of what took longer than any."""
        self.seconds = 0.0
        """In all."""

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def add(self, seconds: float) -> None:
        """Count one that took *seconds*."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


def quantile(counts: Sequence[int], share: float) -> float | None:
    """About the seconds that *share* of durations counted by `BOUNDS` were within; None where there are none.

    What took longer than the last bound is taken for that.
    """
    if not (wanted := sum(counts) * share):
        return None
    place = bisect_left(list(accumulate(counts)), wanted)
    if place == len(BOUNDS):
        return BOUNDS[-1]
    lower = BOUNDS[place - 1] if place else 0.0
    return lower + (BOUNDS[place] - lower) * (wanted - sum(counts[:place])) / counts[place]
