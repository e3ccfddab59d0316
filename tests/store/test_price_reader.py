"""The price that decides a market's precision, from stored days."""

import pytest

from app.domain.ledger import Batch
from app.domain.resolution import DAY
from app.store.client import Database
from app.store.price_reader import MOST_MARKETS, PriceReader
from tests.feed.points import Point, add_points, seconds
from tests.store.ledgers import ledger_on
from tests.store.rows import block, trade

NOON = seconds("2024-03-01T12:00:00")


def days(database: Database, market_id: int, *cents: int) -> float:
    """A market with one price a day; its reference price."""
    points = [Point(NOON + DAY * day, price, 1) for day, price in enumerate(cents)]
    add_points(database, market_id, points, parts=3)
    return PriceReader(database).reference(market_id)


def test_of_a_market_without_a_price_there_is_none(database: Database) -> None:
    assert PriceReader(database).reference(1) == 0
    assert days(database, 1, 0, 0) == 0


def test_the_first_price_counts_from_the_first_trade_on(database: Database) -> None:
    assert days(database, 1, 0, 250) == 2.5


def test_a_starting_price_comes_before_the_first_trade(database: Database) -> None:
    reader = PriceReader(database)
    assert reader.reference(1, 9.999) == 9.999
    days(database, 1, 1_000, 1_100, 9_000, 1_000)
    assert reader.references({1: 9.999, 2: 0}) == {1: 9.999}


def test_a_wrong_starting_price_is_left_after_three_lasting_days(database: Database) -> None:
    reader = PriceReader(database)
    for completed, reference in ((1, 1_000), (2, 1_000), (3, 2.2)):
        days(database, completed, *(200, 210, 220, 230)[: completed + 1])
        assert reader.reference(completed, 1_000) == reference


def test_a_day_counts_when_it_is_over(database: Database) -> None:
    assert days(database, 1, 100, 5_000, 5_000, 6_000) == 1
    assert days(database, 2, 100, 5_000, 5_000, 6_000, 7_000) == 60
    assert days(database, 3, 100, 5_000, 5_000, 6_000, 0) == 1
    assert PriceReader(database).references(dict.fromkeys((1, 2, 3, 4), 0.0)) == {1: 1, 2: 60, 3: 1}


def test_a_spike_within_a_day_and_one_of_two_days_pass(database: Database) -> None:
    assert days(database, 1, 100, 90_000, 90_000, 150, 10, 10, 150) == 1
    noon = NOON + 10 * DAY
    add_points(database, 2, [Point(noon + hour * DAY // 2, 100 if hour % 2 else 99_999, 1) for hour in range(20)])
    assert PriceReader(database).reference(2) == 999.99


def test_so_many_markets_at_once(database: Database) -> None:
    with pytest.raises(ValueError, match="1000"):
        PriceReader(database).references(dict.fromkeys(range(MOST_MARKETS + 1), 0.0))


def daily(first: int, last: int, dollars: int) -> Batch:
    """One block a day, each with one trade at *dollars*."""
    times = {number: NOON + DAY * number for number in range(first, last)}
    return Batch(
        blocks=[block(number)._replace(timestamp=time) for number, time in times.items()],
        trades=[trade(number, 0, 1, dollars, 1, timestamp=time) for number, time in times.items()],
    )


def test_a_rewind_takes_the_reference_back(database: Database) -> None:
    ledger = ledger_on(database)
    ledger.commit(daily(0, 4, 2))
    ledger.commit(daily(4, 12, 900))
    assert PriceReader(database).reference(1) == 900
    ledger.rewind(6)
    assert PriceReader(database).reference(1) == 2
