"""A market's figures of the moment."""

from decimal import Decimal

from app.domain.fixed import ONE
from app.store import rows
from app.store.client import Database
from app.store.state_reader import MarketFigures, Reserves, StateReader
from tests.store.ledgers import ledger_on
from tests.store.lives import Life
from tests.store.rows import GENESIS

DAY_OF_BLOCKS = 17_280


def life(market_id: int = 1) -> Life:
    made = Life(market_id)
    made.open(1, 30, 100)
    made.open(2, 20, 90, long=False)
    made.fund(-ONE // 1000, 5, index_price=7 * ONE)
    made.curve(4000, 20)
    made.next_block += DAY_OF_BLOCKS
    made.index(99)
    made.net(55, -12, 80, price=0, price_type="")
    return made


def test_each_figure_is_the_last_one_told(database: Database) -> None:
    database.insert("vamm_market_transactions", rows.trades(life().rows))
    quiet = Life(2)
    quiet.index(3)
    database.insert("vamm_market_transactions", rows.trades(quiet.rows))
    found = StateReader(database).states([1, 2, 3])
    assert found[1] == MarketFigures(
        price=Decimal(90),
        index_price=Decimal(99),
        long_size=Decimal(30),
        short_size=Decimal(32),
        open_interest=Decimal(62),
        long_short_ratio=30 / 32,
        funding_rate=Decimal("-0.001"),
        funding_index=Decimal("5e-18"),
        funding_time=GENESIS + 15,
        reserves=Reserves(Decimal(4000), Decimal(20)),
    )
    assert found[2] == MarketFigures(None, Decimal(3), Decimal(0), Decimal(0), Decimal(0), None, None, None, None, None)
    assert found.keys() == {1, 2}


def test_the_last_update_may_tell_no_index(database: Database) -> None:
    made = life()
    made.fund(0)
    database.insert("vamm_market_transactions", rows.trades(made.rows))
    found = StateReader(database).states([1])[1]
    assert (found.funding_rate, found.funding_index) == (Decimal(0), None)
    assert found.funding_time == made.rows[-1].timestamp


def test_a_rewind_takes_figures_back(database: Database) -> None:
    made = life()
    ledger = ledger_on(database)
    ledger.commit(made.batch())
    ledger.rewind(made.rows[3].block_number)
    found = StateReader(database).states([1])[1]
    assert (found.index_price, found.short_size, found.reserves) == (Decimal(7), Decimal(20), None)


def test_more_markets_than_one_statement_names(database: Database) -> None:
    every = [row for market_id in range(1, 1_203) for row in life(market_id).rows[:1]]
    database.insert("vamm_market_transactions", rows.trades(every))
    found = StateReader(database).states(range(1, 2_000))
    assert found.keys() == set(range(1, 1_203))
    assert {figures.open_interest for figures in found.values()} == {30}
