"""Markets by ticker and by search."""

from app.domain.fixed import ONE
from app.store.client import Database
from app.store.market_reader import MarketReader
from tests.feed.points import add_market


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
