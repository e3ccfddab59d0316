"""Tiers by volume."""

from decimal import Decimal
from math import inf, nextafter

import pytest

from app.domain.tier import TIERS, tier, volumes

THRESHOLDS = (Decimal(1_000), Decimal(100), Decimal("0.5"))


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        (1e12, "tier1"),
        (1_000.0, "tier1"),
        (999.99, "tier2"),
        (100.0, "tier2"),
        (99.0, "tier3"),
        (0.5, "tier3"),
        (0.49, "tier4"),
        (0.0, "tier4"),
    ],
)
def test_a_threshold_belongs_to_the_tier_above_it(volume: float, expected: str) -> None:
    assert tier(volume, THRESHOLDS) == expected


@pytest.mark.parametrize(
    "thresholds", [THRESHOLDS, (Decimal("0.3"), Decimal("0.2"), Decimal("0.1")), (Decimal("1e300"), Decimal(2), Decimal("1e-400"))]
)
def test_each_tier_is_a_range_of_volumes(thresholds: tuple[Decimal, ...]) -> None:
    edges = [float(threshold) for threshold in thresholds]
    for volume in {0.0, 1e308, *edges, *(nextafter(edge, 0.0) for edge in edges), *(nextafter(edge, inf) for edge in edges)}:
        within = [name for name in TIERS if volumes(name, thresholds).least <= volume < volumes(name, thresholds).below]
        assert within == [tier(volume, thresholds)]
