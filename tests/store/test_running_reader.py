"""What bars in memory begin with is what charts would be answered."""

import random

import orjson
import pytest

from app.domain.bar import Bar, Newest, Tally
from app.domain.block import Block
from app.domain.fixed import ONE
from app.domain.ledger import Batch
from app.domain.resolution import RESOLUTIONS
from app.store import rows
from app.store.candle_reader import CandleReader, Series
from app.store.client import Database
from app.store.entry import COMMIT, REWIND, Entry
from app.store.gate import RewindGate
from app.store.journal import Journal
from app.store.reader import Reader
from app.store.running_reader import RunningReader
from tests.depth import DEEP
from tests.live.history import BEGINNING, bars, batch
from tests.store.ledgers import ledger_on
from tests.store.rows import CHAIN, GENESIS, block, trade

MARKETS = (1, 2, 3)
START = Block(0, "0x0", "0x", BEGINNING)


def newest_bar(database: Database, market_id: int, key: str) -> list[float]:
    """The last bar of a chart."""
    found = CandleReader(database).bars(Series(market_id, RESOLUTIONS[key]), 0, 2**32 - 1, 1)
    return [each for column in orjson.loads(found.columns).values() for each in column]


@pytest.mark.parametrize("seed", range(6 if DEEP else 3))
def test_seeds_are_the_last_bars_of_charts(database: Database, seed: int) -> None:
    pick = random.Random(seed)
    ledger, reader = ledger_on(database), RunningReader(database)
    told: list[Batch] = []
    last = START
    for _ in range(4):
        told.append(batch(pick, last, MARKETS, pick.randrange(1, 12)))
        last = told[-1].blocks[-1]
        ledger.commit(told[-1])
        every = [row for each in told for row in each.trades]
        seeds = reader.seeds(MARKETS)
        for market_id in MARKETS:
            mine = [row for row in every if row.market_id == market_id]
            seed_ = seeds[market_id]
            assert seed_.version == max((row.block_number << 20 | row.log_index for row in mine), default=0)
            assert seed_.chain_id == (CHAIN if mine else None)
            for key in RESOLUTIONS:
                bar = seed_.newest[key].bar
                chart = newest_bar(database, market_id, key)
                assert list(bar[:5] if bar else ()) == chart[:5]
                expected = bars(mine, key)
                assert (bar is None) == (not expected)
                if bar:
                    assert bar.volume == pytest.approx(chart[5], rel=1e-9)
                    assert bar._replace(units=0) == expected[-1]._replace(units=0)


def test_what_has_no_price_yet_is_kept_apart(database: Database) -> None:
    ledger, reader = ledger_on(database), RunningReader(database)
    unpriced = {"price": 0, "price_type": ""}
    first = trade(100, 0, 1, 7, 3)
    later = [trade(130, 0, 1, 0, 20, **unpriced), trade(150, 0, 1, 0, 4, **unpriced), trade(150, 1, 1, 0, 5, **unpriced)]
    only = trade(150, 2, 2, 0, 6, **unpriced)
    ledger.commit(Batch([block(100), block(130), block(150)], [first, *later, only]))
    seeds = reader.seeds([1, 2, 9])
    # Blocks 100 and 130 are of one half hour from 23:30 on and of the next day's first, block 150 comes 100 s later.
    newest = seeds[1].newest
    assert newest["1"] == Newest(Bar(GENESIS + 480, 7.0, 7.0, 7.0, 7.0, 3 * ONE, 1), Tally(GENESIS + 720, 9 * ONE, 2))
    assert newest["30"] == Newest(Bar(GENESIS - 1_200, 7.0, 7.0, 7.0, 7.0, 3 * ONE, 1), Tally(GENESIS + 600, 29 * ONE, 3))
    assert newest["1W"] == Newest(Bar(GENESIS + 600 - 7 * 86_400, 7.0, 7.0, 7.0, 7.0, 3 * ONE, 1), Tally(GENESIS + 600, 29 * ONE, 3))
    assert seeds[2].newest["1D"] == Newest(None, Tally(GENESIS + 600, 6 * ONE, 1))
    assert (seeds[9].version, seeds[9].chain_id, set(seeds[9].newest.values())) == (0, None, {Newest()})


def test_what_came_after_the_last_price_in_its_bar_counts(database: Database) -> None:
    """In a stored candle of its own, which has no price, and more of it in a later bar."""
    first = trade(100, 0, 1, 7, 3, timestamp=GENESIS + 610)
    unpriced = [
        trade(101 + place, 0, 1, 0, 10**place, timestamp=GENESIS + 610 + 1_000 * place, price=0, price_type="") for place in (1, 2, 8)
    ]
    blocks = [Block(row.block_number, f"0x{row.block_number:064x}", "0x", row.timestamp) for row in (first, *unpriced)]
    ledger_on(database).commit(Batch(blocks, [first, *unpriced]))
    newest = RunningReader(database).seeds([1])[1].newest
    assert newest["15"].bar == Bar(GENESIS + 600, 7.0, 7.0, 7.0, 7.0, 3 * ONE, 1)
    assert newest["30"].bar == Bar(GENESIS + 600, 7.0, 7.0, 7.0, 7.0, 13 * ONE, 2)
    assert newest["60"].bar == Bar(GENESIS + 600, 7.0, 7.0, 7.0, 7.0, 113 * ONE, 3)
    assert newest["60"].unpriced == Tally(GENESIS + 7_800, 10**8 * ONE, 1)


def test_seconds_that_are_not_kept_any_more_are_no_bar(database: Database) -> None:
    ledger_on(database).commit(Batch([block(100)], [trade(100, 0, 1, 7, 3)]))
    database.run("TRUNCATE TABLE vamm_ohlcv_1s")
    newest = RunningReader(database).seeds([1])[1].newest
    assert newest["1S"].bar is None
    assert newest["1"].bar


def test_a_commit_under_way_is_waited_for(database: Database) -> None:
    ledger, reader = ledger_on(database), RunningReader(database)
    ledger.commit(Batch([block(100)], [trade(100, 0, market_id, 7, 3) for market_id in (1, 2, 3)]))
    # Candles first, for one of them; events first, for another.
    coming = {market_id: rows.trades([trade(101, 0, market_id, 8, 3)]) for market_id in (1, 2)}
    Journal(database, CHAIN).open(COMMIT, Entry(101, 101, GENESIS - GENESIS % 86_400, frozenset({1, 2})))
    database.insert("vamm_market_transactions", coming[1])
    database.insert("vamm_market_transactions", coming[2])
    database.run("DELETE FROM vamm_market_states WHERE market_id = 2")
    states = "INSERT INTO vamm_market_states (market_id, timestamp, price, sizes) SELECT 2, 0, ({at:UInt64}, 7), ({at:UInt64}, 0, 0)"
    database.run(states, {"at": 100 << 20})
    assert reader.seeds([1, 2, 3]).keys() == {3}
    ledger_on(database)  # a new process takes it back
    assert reader.seeds([1, 2, 3]).keys() == {1, 2, 3}


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_markets_that_are_being_rewound_are_left_out(database: Database) -> None:
    reader, journal = Reader(database, RewindGate(database), concurrency=2), Journal(database, CHAIN)
    assert await reader.steady_of([1, 2], lambda store: store.running.seeds([1, 2])) == RunningReader(database).seeds([1, 2])
    rewinding = Entry(0, 9, GENESIS, frozenset({1}))
    journal.open(REWIND, rewinding)
    assert (await reader.steady_of([1, 2], lambda store: store.running.seeds([1, 2]))).keys() == {2}

    def ended_meanwhile(_: object) -> dict[int, bool]:
        journal.close(REWIND, rewinding)
        return {1: True, 2: True}

    assert await reader.steady_of([1, 2], ended_meanwhile) == {}
