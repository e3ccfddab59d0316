"""Charts show about six digits of a price, whatever its magnitude, and not now so many and then so many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.precision import LASTING_DAYS, pricescale, reference_price

prices = st.floats(1e-12, 1e12)


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


@given(first=prices, moves=st.lists(st.floats(0.11, 9.9), max_size=50))
def test_nothing_within_tenfold_moves_the_reference(first: float, moves: list[float]) -> None:
    assert reference_price(first, [first * move for move in moves]) == first


@given(first=prices, days=st.lists(st.tuples(st.sampled_from((0.001, 0.1, 10.0, 1e6)), st.integers(1, LASTING_DAYS - 1)), max_size=20))
def test_nor_does_what_passes_within_two_days(first: float, days: list[tuple[float, int]]) -> None:
    closes = [first * move for far, lasting in days for move in (*[far] * lasting, 1.5)]
    assert reference_price(first, closes) == first


@pytest.mark.parametrize(
    ("closes", "reference"),
    [
        ([10, 11, 12], 12),
        ([0.1, 0.05, 0.07], 0.07),
        ([10, 11, 9, 12, 13], 1),
        ([20, 0.05, 20, 0.05, 20, 0.05], 1),
        ([10, 11, 12, 119, 119, 119], 12),
        ([10, 11, 12, 120, 130, 140], 140),
        ([10, 11, 12, 1, 1, 1], 1),
        ([10, 11, 12, 2, 2, 2], 12),
        ([1, 1, 1, 10, 10, 10], 10),
    ],
)
def test_a_tenfold_move_that_lasts_moves_it(closes: list[float], reference: float) -> None:
    assert reference_price(1, closes) == reference


@given(first=prices, moves=st.lists(st.sampled_from((0.01, 0.5, 1.0, 3.0, 12.0, 150.0)), max_size=30))
def test_it_moves_only_to_the_last_of_three_far_closes(first: float, moves: list[float]) -> None:

    closes = [first * move for move in moves]
    seen = [reference_price(first, closes[:end]) for end in range(len(closes) + 1)]
    for end in range(1, len(seen)):
        if seen[end] != seen[end - 1]:
            assert seen[end] == closes[end - 1]
            last_three = closes[end - LASTING_DAYS : end]
            assert all(close >= 10 * seen[end - 1] for close in last_three) or all(10 * close <= seen[end - 1] for close in last_three)
