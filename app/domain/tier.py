"""How large a market is, by what is traded in a day."""

from collections.abc import Sequence
from decimal import Decimal
from math import inf, nextafter
from typing import NamedTuple

TIERS = ("tier1", "tier2", "tier3", "tier4")
"""The largest markets first."""


class Volumes(NamedTuple):
    """Volumes from `least` up to, but not including, `below`."""

    least: float = 0.0
    below: float = inf


def tier(volume_24h: float, thresholds: Sequence[Decimal]) -> str:
    """The tier of a market that traded *volume_24h* in 24 hours; *thresholds* are the least volumes of the first three, descending."""
    return next((name for name, least in zip(TIERS, thresholds, strict=False) if volume_24h >= least), TIERS[-1])


def volumes(name: str, thresholds: Sequence[Decimal]) -> Volumes:
    """The volumes of the markets in tier *name*: exactly those that `tier` puts there."""
    ends = [inf, *map(_at_least, thresholds), 0.0]
    place = TIERS.index(name)
    return Volumes(ends[place + 1], ends[place])


def _at_least(threshold: Decimal) -> float:
    """The least float that is no less than *threshold*, which floats can rarely tell exactly."""
    nearest = float(threshold)
    return nearest if nearest >= threshold else nextafter(nearest, inf)
