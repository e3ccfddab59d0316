"""What a ledger tells of what it did: once, after the fact, whatever whoever hears it does."""

import logging

import pytest

from app.domain.block import Block
from app.domain.ledger import Batch
from app.domain.news import TOLD_TRADES, Committed, News, TakenBack
from app.domain.resolution import DAY
from app.store import fill
from app.store.client import Database, StoreError
from app.store.verify import verify
from app.store.writer import ClickHouseLedger
from tests.store.faults import refuse
from tests.store.ledgers import lease_on, ledger_on
from tests.store.rows import CHAIN, GENESIS, batch, block, trade


class Told(list[News]):
    """News, and what was stored when it was told."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def __call__(self, news: News) -> None:
        newest = self._database.rows("SELECT max(block_number) FROM vamm_checkpoints")[0][0]
        assert newest == max(news.block, 0), "told before it was so"
        self.append(news)

    def take(self) -> list[News]:
        """What was told since the last look."""
        found = list(self)
        self.clear()
        return found


def telling_ledger(database: Database, told: Told) -> ClickHouseLedger:
    """A process's ledger that tells *told*."""
    ledger = ClickHouseLedger(database, CHAIN, lease_on(database), on_news=told)
    ledger.recover()
    return ledger


def markets(*batches: Batch) -> frozenset[int]:
    return frozenset(row.market_id for each in batches for row in each.trades)


def test_each_commit_is_told_once_with_all_that_is_in_it(database: Database) -> None:
    told = Told(database)
    ledger = telling_ledger(database, told)
    first, second, nothing = batch(1, 40), batch(41, 60), Batch([block(70)])
    for each in (first, second, nothing):
        ledger.commit(each)
    assert told == [
        Committed(CHAIN, -1, 40, block(40).timestamp, markets(first), tuple(first.trades), tuple(first.markets)),
        Committed(CHAIN, 40, 60, block(60).timestamp, markets(second), tuple(second.trades), tuple(second.markets)),
        Committed(CHAIN, 60, 70, block(70).timestamp, frozenset(), (), ()),
    ]
    assert first.trades == sorted(first.trades, key=lambda row: (row.block_number, row.log_index))


def test_too_many_trades_are_only_said_to_be(database: Database) -> None:
    told = Told(database)
    ledger = telling_ledger(database, told)
    for number, count in ((1, TOLD_TRADES), (2, TOLD_TRADES + 1)):
        ledger.commit(Batch([block(number)], [trade(number, place, place % 3, 5, 1) for place in range(count)]))
    found = [news.trades for news in told if isinstance(news, Committed)]
    assert [trades and len(trades) for trades in found] == [TOLD_TRADES, None]
    assert [news.market_ids for news in told] == [{0, 1, 2}] * 2


def test_packed_trades_are_only_said_to_be(database: Database) -> None:
    told = Told(database)
    ledger = telling_ledger(database, told)
    ledger.commit(Batch([block(1)], [trade(1, 1, 2, 5, 1)], packed=[ledger.pack([trade(1, 0, 1, 5, 1)])]))
    assert told == [Committed(CHAIN, -1, 1, block(1).timestamp, frozenset({1, 2}), None, ())]
    assert ledger.statistics().trades == 2


def test_a_rewind_tells_what_is_void(database: Database) -> None:
    told = Told(database)
    ledger = telling_ledger(database, told)
    first, second = batch(1, 130), batch(131, 260)
    ledger.commit(first)
    ledger.commit(second)
    told.take()
    ledger.rewind(200)
    undone = Batch(trades=[row for row in second.trades if row.block_number >= 200])
    midnight = GENESIS + 600
    assert told.take() == [TakenBack(CHAIN, 199, block(199).timestamp, markets(undone), midnight, registry=True, previous=260)]
    ledger.rewind(125)
    ((news),) = told.take()
    assert news == TakenBack(CHAIN, 124, block(124).timestamp, markets(first, second), midnight, registry=True, previous=199)
    ledger.rewind(100)
    assert [(news.block, news.since) for news in told.take() if isinstance(news, TakenBack)] == [(99, midnight - DAY)]
    ledger.rewind(0)
    assert [(news.block, news.time, news.previous) for news in told.take() if isinstance(news, TakenBack)] == [(-1, 0, 99)]


def test_what_comes_anew_may_be_of_the_day_before(database: Database) -> None:
    """The block that stays is of one day, the first undone of the next: what replaces it may be of either."""
    told = Told(database)
    ledger = telling_ledger(database, told)
    ledger.commit(Batch([block(10)], [trade(10, 0, 1, 5, 1)]))
    ledger.commit(Batch([block(400)], [trade(400, 0, 1, 5, 1)]))
    ledger.rewind(11)
    (*_, news) = told
    assert isinstance(news, TakenBack)
    assert news.since == block(10).timestamp


def test_a_rebuild_is_told(database: Database) -> None:
    told = Told(database)
    ledger = telling_ledger(database, told)
    ledger.commit(batch(1, 130))
    told.take()
    ledger.rebuild([1, 2], GENESIS + 600)
    assert told == [TakenBack(CHAIN, 130, block(130).timestamp, frozenset({1, 2}), GENESIS + 600, registry=True, previous=130)]


def test_what_a_crash_left_is_told_when_it_is_taken_back(database: Database) -> None:
    """The next process knows the checkpoint that was; who missed the commit before sees that by it."""
    ledger_on(database).commit(batch(1, 130))
    second = batch(131, 200)
    failing = refuse(database, 2, "after")  # the trades, before the checkpoint
    doomed = ClickHouseLedger(failing, CHAIN, lease_on(database))
    doomed.recover()
    with pytest.raises(StoreError):
        doomed.commit(second)
    assert failing.failed
    told = Told(database)
    telling_ledger(database, told)
    (news,) = told
    assert (news.block, news.market_ids) == (130, markets(second))
    assert isinstance(news, TakenBack)
    assert news.previous == 130


def test_a_commit_whose_outcome_is_unknown_shows_in_the_next_one(database: Database) -> None:
    """It is in the store, and was told to nobody."""
    ledger_on(database).commit(batch(1, 130))
    told: list[News] = []
    ledger = ClickHouseLedger(refuse(database, 3, "after"), CHAIN, lease_on(database), on_news=told.append)
    ledger.recover()
    with pytest.raises(StoreError):
        ledger.commit(batch(131, 200))
    ledger.recover()
    ledger.commit(batch(201, 210))
    assert [news.previous for news in told] == [200]


def test_nothing_is_told_where_nothing_happened(database: Database) -> None:
    ledger_on(database).commit(batch(1, 30))
    told = Told(database)
    ledger = telling_ledger(database, told)
    ledger.recover()
    assert told == []


def test_a_fill_is_told_of_the_markets_that_it_filled(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill, "MARKETS_AT_ONCE", 2)
    ledger_on(database).commit(batch(1, 130))
    database.run("ALTER TABLE vamm_schema UPDATE checksum = 'other' WHERE startsWith(name, 'rollup_')")
    told = Told(database)
    telling_ledger(database, told)
    filled = [TakenBack(CHAIN, 130, block(130).timestamp, frozenset(some), 0, registry=False, previous=130) for some in ({1, 2}, {3})]
    assert told == filled
    assert verify(database) == []


def test_whoever_hears_it_cannot_harm(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def broken(news: News) -> None:
        raise ZeroDivisionError(news.block)

    ledger = ClickHouseLedger(database, CHAIN, lease_on(database), on_news=broken)
    ledger.recover()
    ledger.commit(batch(1, 130))
    ledger.commit(batch(131, 260))
    ledger.rewind(200)
    assert ledger.checkpoint() == block(199)
    assert verify(database) == []
    assert [record.levelno for record in caplog.records if "could not be told" in record.getMessage()] == [logging.ERROR] * 3


def test_a_commit_that_fails_tells_nothing(database: Database) -> None:
    told: list[News] = []
    ledger_on(database)
    for step in range(3):
        ledger = ClickHouseLedger(refuse(database, step, "before"), CHAIN, lease_on(database), on_news=told.append)
        ledger.recover()
        with pytest.raises(StoreError):
            ledger.commit(Batch([Block(5, "0x05", "0x04", GENESIS)], [trade(5, 0, 1, 5, 1)]))
    assert [news for news in told if isinstance(news, Committed)] == []
