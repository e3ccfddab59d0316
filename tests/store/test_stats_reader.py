"""Statistics of 24 hours against plain Python over the same rows, at every kind of moment; and that rewinds leave no trace in them."""

import time

import pytest

from app.store.client import Database
from app.store.stats_reader import MarketStats, Place, StatsReader
from app.store.verify import verify
from tests.store.ledgers import ledger_on
from tests.store.present import DAY, batches, expected_stats, history, points
from tests.store.rows import trade

MARKETS = (11, 12, 13, 14, 15)
HOUR = 3_600
KEPT = 54 * HOUR
"""By the store's clock: statistics of all markets are of the present."""


def same(stored: MarketStats, expected: MarketStats) -> bool:
    """Prices exactly, sums nearly."""
    return stored[:6] == expected[:6] and stored[6:] == pytest.approx(expected[6:], rel=1e-9, abs=1e-9)


def moments(now: int) -> list[int]:
    """*now*, and edges of minutes, hours and the day just before, a second to each side."""
    edges = (now - now % 60, now - now % HOUR, now - now % DAY)
    return [now, *(edge + second for edge in edges for second in (-1, 0, 1) if edge + second <= now)]


@pytest.mark.parametrize("seed", range(3))
def test_equal_what_the_events_say(database: Database, seed: int) -> None:
    now = int(time.time())
    rows = history(seed, now, 3 * DAY, MARKETS, 1_500)
    ledger = ledger_on(database)
    for batch in batches(rows, 400):
        ledger.commit(batch)
    reader = StatsReader(database)
    for moment in moments(now):
        expected = {market_id: expected_stats(rows, market_id, moment) for market_id in MARKETS}
        some = reader.of(MARKETS, moment)
        assert all(same(some[market_id], expected[market_id]) for market_id in MARKETS), moment
        if (moment - DAY) // DAY * DAY < now - KEPT:
            continue
        lately = reader.lately([*MARKETS, 99], moment)
        assert all(same(lately[market_id], some[market_id]) for market_id in MARKETS), moment
        assert lately[99] == MarketStats(99)
        found = reader.all(moment, limit=100)
        known = [row for row in rows if row.timestamp < moment - moment % 60 + 60]
        active = {row.market_id for row in known if row.timestamp >= moment - moment % 60 - DAY}
        assert {row.market_id for row in found} == active
        assert all(same(row, expected[row.market_id]) for row in found), moment
        assert found == sorted(found, key=lambda row: (-row.volume, row.market_id))


def test_candles_answer_for_any_time(database: Database) -> None:
    """`of` needs no statistics of its own: years ago is as good as today."""
    then = 1_700_000_000
    rows = history(7, then, 40 * DAY, MARKETS, 1_000)
    ledger_on(database).commit(batches(rows, 10**6)[0])
    reader = StatsReader(database)
    for moment in [*moments(then), then - 33 * DAY, then + 20 * DAY, then + 35 * DAY]:
        found = reader.of(MARKETS, moment)
        for market_id in MARKETS:
            assert same(found[market_id], expected_stats(rows, market_id, moment)), (moment, market_id)
    assert reader.all(then, limit=10) == []


def test_a_quiet_market_keeps_its_last_price(database: Database) -> None:
    now = int(time.time())
    rows = [
        trade(1, 0, 1, 50, 10, timestamp=now - 60 * DAY),
        trade(2, 0, 2, 60, 10, timestamp=now - 9 * DAY),
        trade(3, 0, 2, 0, 0, timestamp=now - HOUR, price_type="", action="funding"),
    ]
    ledger_on(database).commit(batches(rows)[0])
    reader = StatsReader(database)
    found = reader.of([1, 2, 3], now)
    assert found[1] == MarketStats(1, last=50.0)
    assert found[2] == MarketStats(2, last=60.0, price_24h_ago=60.0)
    assert found[3] == MarketStats(3)
    assert reader.quiet([1, 3], now) == {1: found[1], 3: found[3]}
    assert reader.lately([1, 2, 3], now) == found
    assert reader.all(now, limit=10) == [found[2]]
    assert (found[2].change, found[2].change_ratio, found[2].vwap) == (0.0, 0.0, None)
    assert (found[1].change, found[1].change_ratio) == (None, None)


def test_the_last_price_however_old(database: Database) -> None:
    now = int(time.time())
    rows = [
        trade(1, 0, 1, 50, 10, timestamp=now - 60 * DAY),
        trade(2, 0, 1, 0, 0, timestamp=now - HOUR, price_type="", action="funding"),
        *(trade(2 + days, 0, 10 + days, days, 1, timestamp=now - days * DAY - 120) for days in range(1, 40)),
    ]
    ledger_on(database).commit(batches(rows)[0])
    reader = StatsReader(database)
    assert reader.all(now, limit=10) == [MarketStats(1, last=50.0)]
    quiet = range(11, 50)
    assert reader.quiet(quiet, now) == reader.of(quiet, now) == reader.lately(quiet, now)


def test_change_is_counted_from_the_open_of_a_new_market(database: Database) -> None:
    now = int(time.time())
    rows = [trade(1, 0, 1, 50, 10, timestamp=now - HOUR), trade(2, 0, 1, 60, 30, timestamp=now)]
    ledger_on(database).commit(batches(rows)[0])
    [stats] = StatsReader(database).all(now, limit=10)
    assert stats.change == 10.0
    assert stats.change_ratio == pytest.approx(0.2)
    assert stats.vwap == (50 * 10 + 60 * 30) / 40


def test_pages_hold_every_market_once(database: Database) -> None:
    now = int(time.time())
    rows = [trade(number, 0, 1_000 - number, 5, number // 4 + 1, timestamp=now - 60) for number in range(1, 60)]
    ledger_on(database).commit(batches(rows)[0])
    reader = StatsReader(database)
    whole = reader.all(now, limit=1_000)
    paged: list[MarketStats] = []
    while page := reader.all(now, limit=7, after=Place(paged[-1].volume, paged[-1].market_id) if paged else None):
        paged += page
    assert paged == whole
    assert [row.market_id for row in whole] == [row.market_id for row in sorted(rows, key=lambda row: (-row.volume, row.market_id))]


def test_the_same_after_a_rewind(database: Database) -> None:
    now = int(time.time())
    rows = history(5, now, 2 * DAY, MARKETS, 900)
    committed = batches(rows, 100)
    ledger = ledger_on(database)
    for batch in committed:
        ledger.commit(batch)
    reader = StatsReader(database)
    whole = reader.all(now, limit=100)
    for fork in (len(committed) - 1, len(committed) // 2, 1):
        first = committed[fork].blocks[0].number
        ledger.rewind(first)
        assert verify_statistics(database)
        left = [row for row in rows if row.block_number < first]
        found = reader.of(MARKETS, now)
        assert all(same(found[market_id], expected_stats(left, market_id, now)) for market_id in MARKETS)
        for batch in committed[fork:]:
            ledger.commit(batch)
        assert all(same(*pair) for pair in zip(reader.all(now, limit=100), whole, strict=True))


def test_verify_sees_statistics_that_are_wrong(database: Database) -> None:
    now = int(time.time())
    rows = history(6, now, DAY // 2, MARKETS, 300)
    ledger = ledger_on(database)
    ledger.commit(batches(rows)[0])
    assert verify_statistics(database)
    for fault in (
        "DELETE FROM vamm_stats_1h WHERE market_id = 15",
        "INSERT INTO vamm_stats_1m SELECT * FROM vamm_stats_1m WHERE market_id = 15",
        "INSERT INTO vamm_stats_1m (market_id, timestamp, volume) SELECT 99, now() - 60, 1",
    ):
        database.run(fault)
        assert not verify_statistics(database)
        ledger.rebuild([15, 99], now - now % DAY - DAY)
        assert verify_statistics(database)


def test_old_events_leave_nothing_in_the_statistics(database: Database) -> None:
    then = int(time.time()) - 5 * DAY
    rows = history(8, then, 20 * DAY, MARKETS, 300)
    ledger_on(database).commit(batches(rows)[0])
    assert points(rows)
    for table in ("vamm_stats_1m", "vamm_stats_1h"):
        assert database.rows("SELECT count() FROM {table:Identifier}", {"table": table}) == [(0,)]


def verify_statistics(database: Database) -> bool:
    """Whether the statistics are what the raw rows say."""
    return not [difference for difference in verify(database) if difference.table.startswith("vamm_stats")]


def test_volume_without_a_price_makes_no_average() -> None:
    whole = MarketStats(1, 100.0, 110.0, 90.0, 105.0, None, volume=20.0, turnover=2_000.0)
    assert whole.vwap == 100
    assert whole._replace(volume=2_000.0).vwap is None  # most of it has no price
    assert whole._replace(turnover=2_200.0000000001).vwap == 110
    assert MarketStats(1, volume=5.0).vwap is None


def test_verify_sees_all_that_statistics_look_at(database: Database) -> None:
    """The last price before the 24 hours may be of the day before."""
    now = int(time.time())
    ledger = ledger_on(database)
    for batch in batches(history(5, now, 45 * 3_600, [1, 2], 300), 100):
        ledger.commit(batch)
    assert verify_statistics(database)
    database.run("DELETE FROM vamm_stats_1h WHERE timestamp < {t:UInt32}", {"t": now - 25 * 3_600})
    assert not verify_statistics(database)
