"""Tiers by volume."""

from decimal import Decimal

import pytest

from app.domain.tier import tier

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
