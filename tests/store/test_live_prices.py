"""Live prices against plain Python over the same rows; that rewinds take them back, whatever stops them; and when they are refreshed."""

import asyncio
import contextlib
import random
import threading
import time
from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa
import pytest

from app.domain.ledger import Batch
from app.domain.market import Market
from app.store.client import Database, StoreError
from app.store.lease import LeaseLost
from app.store.live_price_reader import LivePrice, LivePriceReader
from app.store.live_prices import PRESENT, REST, Changed, LivePrices
from app.store.verify import verify
from app.store.writer import ClickHouseLedger
from tests.store.faults import FailingDatabase, Killed
from tests.store.ledgers import ledger_on
from tests.store.present import DAY, batches, expected_live, history, points
from tests.store.rows import CHAIN, block, trade

MARKETS = (11, 12, 13, 14)


def same(stored: LivePrice, expected: LivePrice) -> bool:
    """Decimals and nulls exactly, floats nearly, traders within 2 %."""
    nearly = all(
        (one is None) == (other is None) and (one is None or one == pytest.approx(other, rel=1e-8, abs=1e-9))
        for one, other in zip(stored[6:9] + stored[10:16], expected[6:9] + expected[10:16], strict=True)
    )
    traders = all(abs(one - other) <= 0.02 * other for one, other in zip(stored[16:], expected[16:], strict=True))
    return stored[:6] == expected[:6] and stored[9] == expected[9] and nearly and traders


def commit_and_check(ledger: ClickHouseLedger, database: Database, committed: Sequence[Batch], moments: Sequence[int]) -> None:
    """Commit all, and at the batches numbered in *moments* compare a refresh with what the rows so far say."""
    rows = []
    for number, batch in enumerate(committed):
        ledger.commit(batch)
        rows += batch.trades
        if number in moments:
            ledger.refresh(MARKETS)
            found = LivePriceReader(database).latest(MARKETS)
            assert set(found) == {row.market_id for row in points(rows)}
            for market_id, stored in found.items():
                assert same(stored, expected_live(rows, market_id, ledger.time)), (stored, expected_live(rows, market_id, ledger.time))


@pytest.mark.parametrize("seed", range(4))
def test_equal_what_the_events_say(database: Database, seed: int) -> None:
    """As of the last block of each commit, some of them on the edges of a minute, an hour or a day."""
    edge = (DAY, 3_600, 60, 1)[seed]
    until = int(time.time()) // edge * edge
    rows = history(seed, until, (3 * DAY, 2 * DAY, DAY, 7_000)[seed], MARKETS, 1_200)
    rows[-1] = rows[-1]._replace(timestamp=until)
    committed = batches(rows, 60)
    pick = random.Random(seed)
    moments = {0, 1, 2, len(committed) - 1, *(pick.randrange(len(committed)) for _ in range(4))}
    commit_and_check(ledger_on(database), database, committed, sorted(moments))


def test_nothing_is_invented(database: Database) -> None:
    now = int(time.time())
    funding = {"price": 0, "price_type": "", "volume": 0, "action": "funding", "funding_rate": 10**14}
    rows = [trade(1, 0, 1, 50, 10, timestamp=now - 30), trade(2, 0, 2, 0, 0, timestamp=now, **funding)]
    ledger = ledger_on(database)
    batch = batches(rows)[0]
    batch.markets = [Market(1, "GOLD", "Gold!", f"0x{1:040x}", CHAIN, deployment_block=1, updated_block=version) for version in (1, 2)]
    ledger.commit(batch)
    ledger.refresh([1, 2, 3])
    [found] = LivePriceReader(database).latest_all(10)
    assert (found.market_id, found.time, found.mark_price) == (1, rows[-1].timestamp, Decimal(50))
    assert found.market_symbol == "Gold!"
    unknown = ("index_price", "funding_rate", "long_short_ratio", "price_change_1h", "price_change_24h", "volatility_24h")
    assert [getattr(found, name) for name in (*unknown, "bid_ask_spread", "market_depth")] == [None] * 8


def test_history_is_bounded_and_ascending(database: Database) -> None:
    now = int(time.time())
    ledger = ledger_on(database)
    for number in range(1, 6):
        ledger.commit(batches([trade(number, 0, 1, number, 1, timestamp=now - 10 + number)])[0])
        ledger.refresh([1])
        ledger.refresh([1])  # the same second again
    reader = LivePriceReader(database)
    assert [row.mark_price for row in reader.history(1, 0, 2**40, 3)] == [3, 4, 5]
    assert [row.mark_price for row in reader.history(1, now - 9, now - 7, 100)] == [1, 2]
    assert [row.mark_price for row in reader.latest([1, 2]).values()] == [5]


def test_a_rewind_takes_them_back_and_refreshes(database: Database) -> None:
    now = int(time.time())
    committed = batches(history(3, now, 7_000, MARKETS, 400), 50)
    changed = Changed()
    ledger = ClickHouseLedger(database, CHAIN, ledger_on(database)._lease, on_news=lambda news: changed.add(news.market_ids))
    ledger.recover()
    live = LivePrices(ledger, changed, clock=lambda: float(ledger.time))
    for batch in committed:
        ledger.commit(batch)
        live.refresh()
    reader = LivePriceReader(database)
    fork = len(committed) // 2
    before = [reader.history(market_id, 0, 2**32, 1_000) for market_id in MARKETS]
    ledger.rewind(committed[fork].blocks[0].number)
    live.refresh()
    left = [row for batch in committed[:fork] for row in batch.trades]
    touched = {row.market_id for batch in committed[fork:] for row in batch.trades}
    for market_id, rows in zip(MARKETS, before, strict=True):
        kept = reader.history(market_id, 0, 2**32, 1_000)
        certain = committed[fork - 2].blocks[-1].timestamp  # what was refreshed after that may have seen rows on their way
        assert [row for row in kept if row.time < certain] == [row for row in rows if row.time < certain]
        assert market_id not in touched or same(kept[-1], expected_live(left, market_id, ledger.time))
    for batch in committed[fork:]:
        ledger.commit(batch)
        live.refresh()
    for market_id, rows in zip(MARKETS, before, strict=True):
        assert reader.latest([market_id])[market_id] == rows[-1]


def test_figures_of_rows_on_their_way_go_with_them(database: Database) -> None:
    """A refresh in the middle of a commit of several blocks sees their rows, and is as of the block before them."""

    class Interrupted(FailingDatabase):
        def insert(self, table: str, rows: pa.Table, *, query_id: str = "") -> None:
            if table == "vamm_checkpoints":
                other.refresh([1])
            super().insert(table, rows)

    first = Batch([block(1)], [trade(1, 0, 1, 100, 1)], first_block=1)
    second = Batch([block(2), block(3)], [trade(2, 0, 1, 110, 1), trade(3, 0, 1, 999, 1)])
    other = ledger_on(database)
    other.commit(first)
    ledger = ClickHouseLedger(Interrupted(database, 10**6, "before"), CHAIN, other._lease)
    ledger.recover()
    ledger.commit(second)
    ledger.rewind(3)
    assert [row.mark_price for row in LivePriceReader(database).history(1, 0, 2**32 - 1, 10)] == []
    ledger.refresh([1])
    assert [row.mark_price for row in LivePriceReader(database).history(1, 0, 2**32 - 1, 10)] == [110]


def test_killed_at_every_step_of_a_rewind(database: Database) -> None:
    now = int(time.time())
    committed = batches(history(4, now, 7_000, MARKETS, 120), 30)
    fork = committed[2].blocks[0].number
    left = [row for batch in committed[:2] for row in batch.trades]
    step = 0
    ledger = ledger_on(database)
    for batch in committed[:2]:
        ledger.commit(batch)
    while True:
        for batch in committed[2:]:
            ledger.commit(batch)
        ledger.refresh(MARKETS)
        doomed = FailingDatabase(database, step, "after")
        dying = ClickHouseLedger(doomed, CHAIN, ledger._lease)
        with contextlib.suppress(Killed):
            dying.recover()
            dying.rewind(fork)
        ledger = ledger_on(database)
        if ledger.time != left[-1].timestamp:  # it died before the rewind was announced
            ledger.rewind(fork)
        assert database.rows("SELECT count() FROM vamm_live_prices WHERE timestamp >= {t:UInt32}", {"t": ledger.time}) == [(0,)]
        if not doomed.failed:
            break
        step += 4
    assert step > 8
    ledger.refresh(MARKETS)
    for stored in LivePriceReader(database).latest(MARKETS).values():
        assert same(stored, expected_live(left, stored.market_id, ledger.time))
    assert [difference for difference in verify(database) if not difference.table.endswith("transactions")] == []


def test_a_refresh_never_lands_behind_a_rewind(database: Database) -> None:
    """It waits for the rewind, and is of what the rewind left; who gave the lease back writes nothing."""
    now = int(time.time())
    rows = [trade(1, 0, 1, 50, 10, timestamp=now - 30), trade(2, 0, 1, 60, 10, timestamp=now)]
    inside, go_on = threading.Event(), threading.Event()

    class Slow(FailingDatabase):
        """Lets a refresh begin in the middle of a rewind."""

        def run(self, sql: str, parameters: object = None, *, query_id: str = "") -> None:
            if sql.startswith("DELETE FROM vamm_market_transactions"):
                inside.set()
                go_on.wait(10)
            super().run(sql, parameters, query_id=query_id)  # type: ignore[arg-type]

    ledger = ledger_on(Slow(database, 10**6, "before"))
    for row in rows:
        ledger.commit(batches([row])[0])
    rewinding = threading.Thread(target=ledger.rewind, args=(2,))
    rewinding.start()
    assert inside.wait(10)
    refreshing = threading.Thread(target=ledger.refresh, args=([1],))
    refreshing.start()
    go_on.set()
    rewinding.join()
    refreshing.join()
    assert [(row.time, row.mark_price) for row in LivePriceReader(database).latest_all(5)] == [(now - 30, Decimal(50))]
    ledger.release()
    with pytest.raises(LeaseLost):
        ledger.refresh([1])


class Ledger:
    """Where figures are made, without a store: what is refreshed, and failures on demand."""

    def __init__(self, time: int) -> None:
        self.time = time
        self.refreshed: list[list[int]] = []
        self.fails = False

    def refresh(self, market_ids: Sequence[int]) -> None:
        if self.fails:
            raise StoreError("away")
        self.refreshed.append(list(market_ids))


def test_what_fails_is_tried_again_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    ledger, changed = Ledger(1_000), Changed()
    live = LivePrices(ledger, changed, clock=lambda: 1_000.0)
    changed.add([1, 2])
    ledger.fails = True
    live.refresh()
    live.refresh()
    assert len(caplog.records) == 1
    ledger.fails = False
    live.refresh()
    live.refresh()
    assert [sorted(ids) for ids in ledger.refreshed] == [[1, 2]]


def test_no_rows_during_a_backfill() -> None:
    ledger, changed = Ledger(1_000), Changed()
    live = LivePrices(ledger, changed, clock=lambda: float(1_001 + PRESENT))
    changed.add([1])
    live.refresh()
    assert ledger.refreshed == []
    ledger.time += 1
    live.refresh()
    assert ledger.refreshed == [[1]]


def test_changed_markets_are_bounded_and_the_latest_come_first() -> None:
    changed = Changed(most=3)
    changed.add([1, 2, 3])
    changed.add([1, 4])
    assert changed.take(2) == [4, 1]
    assert changed.take(2) == [3]
    assert changed.take(2) == []


async def _until_refreshed(ledger: Ledger, changed: Changed) -> None:
    running = asyncio.create_task(LivePrices(ledger, changed, clock=lambda: 0.0).run(0.001))
    changed.add([7])
    async with asyncio.timeout(10):
        while not ledger.refreshed:  # noqa: ASYNC110 (nobody is told)
            await asyncio.sleep(0.001)
    running.cancel()
    await asyncio.wait({running})
    assert running.cancelled()


def test_runs_until_it_is_cancelled() -> None:
    ledger = Ledger(0)
    asyncio.run(_until_refreshed(ledger, Changed()))
    assert ledger.refreshed == [[7]]


async def _refreshed_after_commits(ledger: Ledger, changed: Changed, interval: float) -> list[bool]:
    """Whether the figures of each of three commits, the first two soon after one another, were made before the next one."""
    running = asyncio.create_task(LivePrices(ledger, changed, clock=lambda: 0.0).run(interval))
    await asyncio.sleep(REST * interval + 0.05)
    made = []
    for market_id in (1, 2, 3):
        await asyncio.to_thread(changed.add, [market_id])  # as a writer does, from another thread
        async with asyncio.timeout(10):
            while [market_id] not in ledger.refreshed:  # noqa: ASYNC110 (nobody is told)
                await asyncio.sleep(0.005)
        made.append(len(ledger.refreshed) == market_id)
    running.cancel()
    await asyncio.wait({running})
    await asyncio.to_thread(changed.add, [4])  # nobody is left to hear it
    return made


def test_each_commit_is_followed_by_a_refresh() -> None:
    ledger = Ledger(0)
    assert asyncio.run(_refreshed_after_commits(ledger, Changed(), 0.2)) == [True, True, True]
    assert ledger.refreshed == [[1], [2], [3]]
