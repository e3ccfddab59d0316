"""Charts show about six digits of a price, whatever its magnitude."""

import pytest

from app.domain.precision import pricescale


@pytest.mark.parametrize(
    ("price", "scale"),
    [
        (2000.50, 100),
        (45_000.0, 10),
        (0.00001234, 10**10),
        (1.0, 10**5),
        (999_999.4, 1),
        (999.9999, 100),
        (123_456_789.0, 1),
        (1e-18, 10**16),
        (0.0, 100),
    ],
)
def test_about_six_significant_digits(price: float, scale: int) -> None:
    assert pricescale(price) == scale
