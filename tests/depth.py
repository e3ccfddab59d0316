"""How deep tests go: with DEEP=1 through all there is, in every other run through a share of what takes longest."""

import os
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

DEEP: Final = bool(os.environ.get("DEEP"))


def share(things: Sequence[T], number: int, of: int = 4) -> Sequence[T]:
    """Every *of*-th of *things*, others for each *number*, so that a loop over numbers comes to all; or all of them."""
    return things if DEEP else things[number % of :: of]


def examples(number: int) -> int:
    """How many examples a property is tried with: *number*, or a quarter of them, and no fewer than five."""
    return number if DEEP else max(5, number // 4)
