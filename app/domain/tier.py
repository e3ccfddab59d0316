"""How large a market is, by what is traded in a day."""

from collections.abc import Sequence
from decimal import Decimal

TIERS = ("tier1", "tier2", "tier3", "tier4")
"""The largest markets first."""


def tier(volume_24h: float, thresholds: Sequence[Decimal]) -> str:
    """The tier of a market that traded *volume_24h* in 24 hours; *thresholds* are the least volumes of the first three, descending."""
    return next((name for name, least in zip(TIERS, thresholds, strict=False) if volume_24h >= least), TIERS[-1])
