"""Prices of the simulated markets: where they begin, how far they wander, how they move."""

import math
from itertools import pairwise

import pytest

from app.demo.genesis import DAY, Genesis
from app.demo.prices import PricePaths

GENESIS = Genesis(time=0, seed=11, markets=40)


@pytest.fixture(scope="module")
def paths() -> PricePaths:
    return PricePaths(GENESIS)


def test_paths_begin_at_the_starting_prices(paths: PricePaths) -> None:
    for listing in GENESIS.listings():
        assert paths.at(listing.place, 0) == pytest.approx(listing.price)


@pytest.mark.parametrize(("market", "price"), [(0, 2_000), (1, 45_000), (2, 2_500)])
def test_prices_stay_around_where_they_began_for_years(paths: PricePaths, market: int, price: float) -> None:
    for day in range(0, 3_650, 7):
        assert price / 2 < paths.at(market, day * DAY) < price * 2


def test_prices_of_every_magnitude_are_positive_amounts(paths: PricePaths) -> None:
    for listing in GENESIS.listings():
        assert paths.at(listing.place, 20 * DAY) * 10**18 > 10**6


def test_paths_have_no_jumps(paths: PricePaths) -> None:
    path = [paths.at(1, 5 * DAY + second) for second in range(7_200)]
    assert all(abs(math.log(after / before)) < 0.001 for before, after in pairwise(path))


def test_a_day_moves_as_much_as_its_volatility(paths: PricePaths) -> None:
    listing = GENESIS.listings()[1]
    moves = [math.log(paths.at(1, (day + 1) * DAY) / paths.at(1, day * DAY)) for day in range(400)]
    deviation = math.sqrt(sum(move**2 for move in moves) / len(moves))
    assert deviation == pytest.approx(listing.volatility, rel=0.2)


def test_any_moment_by_itself_is_the_same(paths: PricePaths) -> None:
    moments = [0.0, 3.7, 86_399.5, 12_345_678.9, 4_000_000_000.0]
    assert [PricePaths(GENESIS).at(2, moment) for moment in moments] == [paths.at(2, moment) for moment in reversed(moments)][::-1]
