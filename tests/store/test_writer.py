"""Exactly once: whatever stops a commit or a rewind, the store ends with what the committed blocks say."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from app.domain.block import SetAside
from app.domain.fixed import ONE
from app.domain.ledger import Batch
from app.domain.market import Market
from app.domain.trade import MarketState, PositionKey
from app.store.client import Database
from app.store.verify import verify
from app.store.writer import MARK_BLOCKS, REMEMBERED_BLOCKS, ClickHouseLedger
from tests.depth import DEEP
from tests.store.faults import FailingDatabase, Killed, Mode
from tests.store.ledgers import expected, lease_on, ledger_on, stored
from tests.store.rows import CHAIN, batch, block, trade

MODES: tuple[Mode, ...] = ("before", "torn", "phantom")
"""To be killed after a statement is to be killed before the next one."""


def test_commits_and_goes_on(database: Database) -> None:
    ledger = ledger_on(database)
    assert ledger.checkpoint() is None
    first, second = batch(1, 130), batch(131, 260)
    ledger.commit(first)
    ledger.commit(second)
    assert ledger.checkpoint() == block(260)
    assert ledger.committed(200, 2) == [block(199), block(198)]
    assert stored(database) == expected(first, second)
    assert verify(database) == []
    assert ledger_on(database).checkpoint() == block(260)


@pytest.mark.parametrize("mode", MODES)
def test_killed_at_every_step_of_a_commit(database: Database, mode: Mode) -> None:
    first, second = batch(1, 130), batch(131, 260)
    second.set_aside.append(SetAside(CHAIN, 200, "0x", 1_704_067_200, "0x", 1, "0x", ("0x1",), "0x", "why"))
    ledger_on(database).commit(first)
    steps = 0
    while True:
        failing = FailingDatabase(database, steps, mode)
        doomed = ClickHouseLedger(failing, CHAIN, lease_on(database))
        doomed.recover()
        try:
            doomed.commit(second)
        except Killed:
            steps += 1
        ledger = ledger_on(database)
        done = ledger.checkpoint() == block(260)
        assert stored(database) == (expected(first, second) if done else expected(first))
        assert verify(database) == []
        assert bool(ledger.markets([200])) == done
        if not failing.failed:
            break
        if done:
            ledger.rewind(131)
    assert steps == 5  # journal, set aside, markets, trades, checkpoint


def packed(ledger: ClickHouseLedger, whole: Batch) -> Batch:
    """*whole* with the first third of its trades packed at once, the second in two pieces, and the last not at all."""
    a, b, c = (len(whole.trades) * share // 6 for share in (2, 3, 4))
    pieces = whole.trades[:a], whole.trades[a:b], whole.trades[b:c]
    return replace(whole, trades=whole.trades[c:], packed=[ledger.pack(piece) for piece in pieces])


def test_packed_rows_are_the_same_rows(database: Database) -> None:
    ledger, whole = ledger_on(database), batch(1, 260)
    told: list[dict[str, Any]] = [{}, {"pnl": -1}, {"funding_rate": 3}, {"quote_reserve": 10**37, "position_size": 5}]
    whole.trades = [row._replace(**told[place % 4]) for place, row in enumerate(whole.trades)]
    found = []
    for each in (whole, packed(ledger, whole)):
        ledger.commit(each)
        found.append(database.rows("SELECT * FROM vamm_market_transactions ORDER BY block_number, log_index"))
        assert verify(database) == []
        ledger.rewind(0)
    assert found[0] == found[1]
    assert len(found[0]) == len(whole.trades)


def test_a_commit_of_packed_rows_alone(database: Database) -> None:
    ledger = ledger_on(database)
    ledger.commit(Batch([block(1)], packed=[ledger.pack([trade(1, 0, 1, 5, 1)]), ledger.pack([trade(1, 1, 2, 5, 1)])]))
    assert stored(database) == [(1, 0), (1, 1)]
    assert verify(database) == []


@pytest.mark.parametrize("mode", MODES)
def test_killed_amid_packed_rows(database: Database, mode: Mode) -> None:
    """The packed ones are of the day before: their candles are taken back as well."""
    first, second = batch(1, 20), batch(21, 260)
    ledger_on(database).commit(first)
    failing = FailingDatabase(database, 2, mode)
    doomed = ClickHouseLedger(failing, CHAIN, lease_on(database))
    doomed.recover()
    with contextlib.suppress(Killed):
        doomed.commit(packed(doomed, second))
    assert failing.failed
    assert ledger_on(database).checkpoint() == block(20)
    assert stored(database) == expected(first)
    assert verify(database) == []


def test_killed_at_every_step_of_a_rewind(database: Database) -> None:
    first, second = batch(1, 130), batch(131, 260)
    steps = 0
    ledger_on(database).commit(first)
    while True:
        ledger_on(database).commit(second)
        failing = FailingDatabase(database, steps, "before")
        doomed = ClickHouseLedger(failing, CHAIN, lease_on(database))
        doomed.recover()
        try:
            doomed.rewind(131)
        except Killed:
            steps += 1 if DEEP or steps < 4 else 2
        ledger = ledger_on(database)
        begun = steps != 1 or not failing.failed
        assert ledger.checkpoint() == (block(130) if begun else block(260))
        assert stored(database) == (expected(first) if begun else expected(first, second))
        if DEEP or steps % 3 == 0:
            assert verify(database) == []
        if not begun:
            ledger.rewind(131)
        if not failing.failed:
            break
    assert steps >= 12


def test_rewind_ends_at_a_remembered_block(database: Database) -> None:
    """A range committed whole leaves one checkpoint: taking back a part of it takes back all of it."""
    ledger = ledger_on(database)
    first, second = batch(1, 130), batch(131, 260)
    second.blocks = second.blocks[-1:]
    ledger.commit(first)
    ledger.commit(second)
    ledger.rewind(200)
    assert ledger.checkpoint() == block(130)
    assert stored(database) == expected(first)
    ledger.commit(batch(131, 200, seed=1))
    assert ledger.checkpoint() == block(200, "b")
    assert verify(database) == []


def test_the_first_block_read_is_remembered_until_all_is_taken_back(database: Database) -> None:
    ledger = ledger_on(database)
    assert ledger.first_block() is None
    ledger.commit(Batch([block(40)], first_block=31))
    ledger.commit(Batch([block(50)], first_block=41))
    assert ledger_on(database).first_block() == 31
    ledger.rewind(45)
    ledger.commit(Batch([block(50)], first_block=41))
    assert ledger.first_block() == 31
    ledger.rewind(7)
    assert ledger.first_block() is None
    ledger_on(database).commit(Batch([block(20)], first_block=3))
    assert ledger_on(database).first_block() == 3


def test_killed_at_every_step_of_the_first_commit(database: Database) -> None:
    first = batch(1, 30)
    first.first_block = 1
    for step in range(20):
        failing = FailingDatabase(database, step, "after")
        doomed = ClickHouseLedger(failing, CHAIN, lease_on(database))
        with contextlib.suppress(Killed):
            doomed.recover()
            doomed.commit(first)
        ledger = ledger_on(database)
        assert ledger.first_block() == (1 if ledger.checkpoint() else None)
        if not failing.failed:
            break
        ledger.rewind(0)
    assert stored(database) == expected(first)
    assert verify(database) == []


def test_factories_share_ids_and_tickers_given_up_are_free(database: Database) -> None:
    def version(market_id: int, ticker: str, at: int) -> Market:
        return Market(market_id, ticker, "", f"0x{market_id:040x}", CHAIN, factory_market_id="0x09", updated_block=at)

    ledger = ledger_on(database)
    versions = [version(1, "VAMM-00000001", 1), version(2, "GOLD", 2), version(1, "SILVER", 3)]
    ledger.commit(Batch([block(3)], markets=versions))
    found = ledger.markets_by_factory_id(["0x09", "0x08"])
    assert {name: sorted(market.ticker for market in markets) for name, markets in found.items()} == {"0x09": ["GOLD", "SILVER"]}
    assert ledger.tickers_taken(["VAMM-00000001", "GOLD", "SILVER", "BTC"]) == {"GOLD": 2, "SILVER": 1}


def test_answers_about_the_past_are_exact(database: Database) -> None:
    ledger = ledger_on(database)
    price, size = 2000 * ONE + 1, 10**37 + 7
    huge = 2**256 - 1
    rows = [
        trade(1, 0, 1, 1, 1, price=price, total_long_size=size, position_id=huge),
        trade(
            2,
            0,
            1,
            1,
            1,
            price=0,
            price_type="",
            volume=0,
            total_long_size=size + 1,
            total_short_size=3,
            funding_rate=-(10**10),
            action="funding",
        ),
        trade(3, 0, 2, 5, 1, is_long=False),
    ]
    ledger.commit(Batch([block(3)], rows))
    assert ledger.states([1, 2, 3]) == {1: MarketState(price, size + 1, 3, -(10**10)), 2: MarketState(5 * ONE, ONE, 0, None)}
    assert ledger.position_sides([PositionKey(1, huge), PositionKey(2, 3000), PositionKey(2, 9)]) == {
        PositionKey(1, huge): True,
        PositionKey(2, 3000): False,
    }
    ledger.rewind(0)
    assert ledger.states([1, 2]) == {}
    assert ledger.position_sides([PositionKey(1, huge)]) == {}


def test_floats_of_candles_are_the_nearest_to_the_exact_price(database: Database) -> None:
    """The engine's own conversion makes 2000.4999999999998 of 2000.5."""
    prices = [2000 * ONE + ONE // 2, 45000 * ONE + 12 * ONE // 100, 1234, 10**37 + 1, ONE // 3]
    ledger_on(database).commit(Batch([block(9)], [trade(n, 0, 1, 1, 1, price=price) for n, price in enumerate(prices)]))
    found = database.rows("SELECT close.2 FROM vamm_ohlcv_1s ORDER BY timestamp")
    assert [row[0] for row in found] == [price / ONE for price in prices]


def test_remembered_blocks_are_bounded(database: Database) -> None:
    """All near ones, and one in so many of the older."""
    ledger = ledger_on(database)
    last = 3 * MARK_BLOCKS
    ledger.commit(Batch([block(number) for number in range(1, last, 100)]))
    ledger.commit(Batch([block(number) for number in range(last, last + 6_000)]))
    for number in range(last + 6_000, last + 6_260):
        ledger.commit(Batch([block(number)]))
    remembered = [kept.number for kept in ledger.committed(2**63, 10_000)]
    assert remembered[0] == last + 6_259
    assert len(remembered) <= REMEMBERED_BLOCKS + 256 + 4
    assert [number // MARK_BLOCKS for number in remembered[-3:]] == [2, 1, 0]
    ledger.rewind(MARK_BLOCKS + 7)
    assert ledger.checkpoint() == block(MARK_BLOCKS - 99)
