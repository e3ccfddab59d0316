"""Markets by ticker, and their last price."""

from app.domain.fixed import ONE
from app.store.client import Database
from app.store.market_reader import MarketReader
from tests.feed.points import Point, add_market, add_points, seconds


def test_the_latest_version_of_a_market(database: Database) -> None:
    add_market(database, 1, "GOLD", symbol="before", updated_block=9, updated_log_index=1)
    add_market(database, 1, "GOLD", symbol="after", updated_block=9, updated_log_index=2, starting_price=2 * ONE)
    add_market(database, 1, "GOLD", symbol="long before", updated_block=8, updated_log_index=7)
    reader = MarketReader(database)
    found = reader.market("gold")
    assert found
    assert (found.market_id, found.symbol, found.starting_price) == (1, "after", 2.0)
    assert reader.search("", 10) == [found]
    assert reader.search("before", 10) == []
    assert reader.market("GOL") is None


def test_the_last_price(database: Database) -> None:
    reader = MarketReader(database)
    assert reader.last_price(1) == 0
    noon = seconds("2024-03-01T12:00:00")
    add_points(database, 1, [Point(noon, 100, 1), Point(noon + 90_000, 300, 1), Point(noon + 180_000, 0, 1)], parts=3)
    assert reader.last_price(1) == 3.0
