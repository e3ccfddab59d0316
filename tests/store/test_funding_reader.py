"""Histories of funding and index prices."""

from decimal import Decimal

from app.domain.fixed import ONE
from app.store import rows
from app.store.client import Database
from app.store.funding_reader import LAST_SECOND, Funding, FundingReader, IndexPrice
from tests.store.lives import NOTHING, Life, random_life


def test_updates_newest_first_by_pages(database: Database) -> None:
    lives = [random_life(market_id, seed=market_id, events=150) for market_id in (1, 2)]
    for life in lives:
        database.insert("vamm_market_transactions", rows.trades(life.rows))
    reader = FundingReader(database)
    for life in lives:
        told = [row for row in life.rows if row.action == "funding"]
        expected = [
            Funding(row.timestamp, Decimal(row.funding_rate or 0).scaleb(-18), Decimal(5).scaleb(-18) if row.funding_index else None, None)
            for row in reversed(told)
        ]
        assert len(expected) > 5
        found: list[Funding] = []
        before = None
        while True:
            page = reader.history(life.market_id, 0, LAST_SECOND, 4, before)
            found += page.items
            if page.next is None:
                break
            before = page.next
        assert found == expected
        since, until = expected[-2].time, expected[1].time
        inside = [update for update in expected if since <= update.time < until]
        assert reader.history(life.market_id, since, until, 1_000).items == inside


def test_index_prices_of_oracles_and_of_updates(database: Database) -> None:
    life = Life(1)
    life.open(1, 10, 50)
    life.index(99)
    life.fund(1, index_price=98 * ONE, funding_premium=-ONE)
    life.fund(1)
    life.row("index", **(NOTHING | {"price": ONE // 3, "price_type": "index", "index_price": ONE // 3}))
    database.insert("vamm_market_transactions", rows.trades(life.rows))
    reader = FundingReader(database)
    times = [row.timestamp for row in life.rows]
    assert reader.index_prices(1, 0, LAST_SECOND, 9) == (
        [IndexPrice(times[4], Decimal("0.333333333333333333")), IndexPrice(times[2], Decimal(98)), IndexPrice(times[1], Decimal(99))],
        None,
    )
    assert reader.history(1, times[2], times[3], 9).items == [Funding(times[2], Decimal("1e-18"), None, Decimal(-1))]


def test_events_of_one_block_are_told_apart(database: Database) -> None:
    life = Life(1)
    for rate in range(5):
        life.fund(rate)
    together = [row._replace(block_number=9, timestamp=life.rows[0].timestamp, log_index=at) for at, row in enumerate(life.rows)]
    database.insert("vamm_market_transactions", rows.trades(together))
    reader = FundingReader(database)
    first = reader.history(1, 0, LAST_SECOND, 2)
    second = reader.history(1, 0, LAST_SECOND, 9, first.next)
    assert [int(update.rate.scaleb(18)) for update in first.items + second.items] == [4, 3, 2, 1, 0]
    assert second.next is None


def test_a_market_that_never_had_any(database: Database) -> None:
    life = Life(1)
    life.open(1, 10, 50)
    database.insert("vamm_market_transactions", rows.trades(life.rows))
    reader = FundingReader(database)
    for market_id in (1, 2):
        assert reader.history(market_id, 0, 2**40, 9) == ([], None)
        assert reader.index_prices(market_id, 0, 2**40, 9) == ([], None)
