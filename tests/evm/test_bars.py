"""The oracle against bars worked out by hand: a wrong oracle would agree with a wrong chart."""

from datetime import UTC, datetime

import pytest

from tests.evm.bars import Bar, Point, bar_start, expected_bars, points
from tests.evm.conftest import GENESIS
from tests.evm.exchange import ONE, Exchange, Market


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("resolution", "start"),
    [
        ("1S", "2024-02-29T23:59:58"),
        ("1", "2024-02-29T23:59"),
        ("5", "2024-02-29T23:55"),
        ("15", "2024-02-29T23:45"),
        ("30", "2024-02-29T23:30"),
        ("60", "2024-02-29T23:00"),
        ("240", "2024-02-29T20:00"),
        ("1D", "2024-02-29"),
        ("1W", "2024-02-26"),
        ("1M", "2024-02-01"),
    ],
)
def test_bar_starts(resolution: str, start: str) -> None:
    assert bar_start(at("2024-02-29T23:59:58"), resolution) == at(start)


def test_bars_from_points() -> None:
    moved = [Point(60, 5 * ONE, ONE), Point(60, 9 * ONE, 0), Point(119, 4 * ONE, 2 * ONE), Point(180, 7 * ONE, 0)]
    assert expected_bars(moved, "1") == [Bar(60, 5.0, 9.0, 4.0, 4.0, 3.0), Bar(180, 7.0, 7.0, 7.0, 7.0, 0.0)]


def test_points_of_a_market(exchange: Exchange, gold: Market) -> None:
    other = exchange.create_market("SILVER", 30)
    exchange.block(GENESIS + 60, gold.open_long(1_000), other.open_long(70))
    first = gold.mark_price
    exchange.block(GENESIS + 120, gold.increase(1, 500), gold.update_funding())
    second = gold.mark_price
    exchange.block(GENESIS + 180, gold.close(1, 1_500))
    assert points(exchange, gold) == [
        Point(GENESIS + 60, 2_000 * ONE, 1_000 * ONE),
        Point(GENESIS + 60, first, 0),
        Point(GENESIS + 120, first, 500 * ONE),
        Point(GENESIS + 120, second, 0),
        Point(GENESIS + 180, second, 1_500 * ONE),
        Point(GENESIS + 180, gold.mark_price, 0),
    ]
