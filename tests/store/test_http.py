"""The store on a ClickHouse server: over its HTTP interface, with what can go wrong on the way."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from app.domain.ledger import Batch
from app.domain.resolution import resolution
from app.domain.trade import PositionKey
from app.store.candle_reader import CandleReader, Series
from app.store.client import Database, StoreError, open_database
from app.store.engine import ENGINE_SETTINGS
from app.store.gate import RewindGate
from app.store.lease import Lease, LeaseLost
from app.store.reader import Reader
from app.store.readers import Readers
from app.store.schema import migrate
from app.store.verify import verify
from app.store.writer import ClickHouseLedger
from tests.store.bridge import PASSWORD, USER, Around, Bridge
from tests.store.ledgers import expected, ledger_on, stored
from tests.store.rows import CHAIN, GENESIS, batch, block, trade
from tests.store.wire import Refused, Request

T = TypeVar("T")

FIRST, SECOND = batch(100, 119), batch(120, 139)
ALL_KINDS_OF_PROXIES_TAKE = 8_000
"""Characters of a URL."""


def writes(request: Request) -> bool:
    return request.sql.startswith(("INSERT", "DELETE"))


def test_the_ledger_works(server: Bridge, empty_database: Database) -> None:
    with open_database(server.settings(empty_database.name)) as remote:
        assert not remote.embedded
        assert migrate(remote)
        assert migrate(remote) == []
        ledger = ledger_on(remote)
        assert ledger.checkpoint() is None
        ledger.commit(FIRST)
        ledger.commit(SECOND)
        assert ledger.committed(130, 2) == [block(129), block(128)]
        assert stored(empty_database) == stored(remote) == expected(FIRST, SECOND)
        assert verify(remote) == []
        ledger.rewind(120)
        ledger.release()
        again = ledger_on(remote)
        assert again.checkpoint() == block(119)
        again.commit(batch(120, 130, seed=1))
        assert verify(remote) == verify(empty_database) == []


@pytest.mark.anyio
async def test_readers_see_the_same(remote: Database, database: Database) -> None:
    seen = Batch(FIRST.blocks, [*FIRST.trades, trade(119, 9, 1, 5, 0, action="funding", funding_rate=7)], FIRST.markets)
    ledger_on(remote).commit(seen)
    by_way, directly = (Reader(each, RewindGate(each), concurrency=2) for each in (remote, database))

    async def same(ask: Callable[[Readers], T]) -> T:
        answer = await by_way.steady(1, ask)
        assert answer == await directly.steady(1, ask)
        return answer

    for name in ("1S", "5", "1W"):
        series = Series(1, resolution(name))
        for ask in (CandleReader.bars, CandleReader.extended):
            bars = await same(lambda store, ask=ask, series=series: ask(store.candles, series, 0, GENESIS + 9_000, 50))  # type: ignore[misc]
            assert bars.bars
    assert await same(lambda store: store.markets.search("t1", 30))
    assert await same(lambda store: store.markets.market("t110"))
    assert await same(lambda store: store.prices.references({1: 0, 2: 0, 3: 0}))
    assert (await same(lambda store: store.trades.trades(1, limit=5))).next
    assert (await same(lambda store: store.trades.after(1, limit=5))).next
    minutes = Series(1, resolution("1"))
    assert await same(lambda store: store.marks.marks(minutes, 0, GENESIS + 9_000, 100))
    assert await same(lambda store: store.marks.timescale_marks(minutes, 0, GENESIS + 9_000))
    assert await same(lambda store: store.markets.most_active(5))


def test_settings_reach_every_statement(server: Bridge, remote: Database) -> None:
    server.requests.clear()
    ledger = ledger_on(remote)
    ledger.commit(FIRST)
    ledger.rewind(110)
    wanted = {name: str(value) for name, value in ENGINE_SETTINGS.items()}
    at_work = [request for request in server.requests if writes(request)]
    assert len(at_work) > 20
    for request in at_work:
        assert wanted.items() <= request.settings.items()
        assert request.query_id
    in_force = "SELECT name, value FROM system.settings WHERE name IN {names:Array(String)}"
    assert dict(remote.rows(in_force, {"names": list(wanted)})) == wanted


def test_thousands_of_keys_and_markets_in_one_statement(server: Bridge, remote: Database) -> None:
    """Longest as they are: a form's field has a limit at the server, a URL has one at every proxy."""
    rows = [trade(1, number, 2**64 - 1 - number, 1, 1, position_id=2**256 - 1) for number in range(2_500)]
    ledger = ledger_on(remote)
    ledger.commit(Batch([block(1)], rows))
    keys = [PositionKey(row.market_id, 2**256 - 1) for row in rows]
    assert ledger.position_sides(keys) == dict.fromkeys(keys, True)
    assert len(ledger.states([row.market_id for row in rows])) == len(rows)
    assert ledger.markets_by_factory_id([f"0x{number:064x}" for number in range(2_500)]) == {}
    ledger.commit(Batch([block(2)], [row._replace(block_number=2) for row in rows]))
    ledger.rewind(2)
    assert stored(remote) == expected(Batch([block(1)], rows))
    assert verify(remote) == []
    assert max(len(request.url) for request in server.requests) < ALL_KINDS_OF_PROXIES_TAKE


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", ""])
def test_whatever_the_compression(server: Bridge, empty_database: Database, compress: str) -> None:
    options = {"host": "127.0.0.1", "port": server.port, "username": USER, "password": PASSWORD, "dedicated_pool": True}
    with Database(options | {"compress": compress or False}, empty_database.name) as remote:
        migrate(remote)
        ledger_on(remote).commit(FIRST)
        assert stored(remote) == expected(FIRST)
        assert server.requests[-1].encoding == compress


@pytest.mark.parametrize("spelling", ["127.0.0.1:{}", "localhost:{}", "http://127.0.0.1:{}", "http://localhost:{}/"])
def test_the_host_may_be_a_name_or_a_url(server: Bridge, empty_database: Database, spelling: str) -> None:
    with open_database(server.settings(empty_database.name, clickhouse_host=spelling.format(server.port))) as remote:
        assert remote.rows("SELECT currentDatabase()") == [(empty_database.name,)]


def forbidding(*commands: str) -> Around:
    def around(request: Request, execute: Callable[[], bytes]) -> bytes:
        if request.sql.startswith(commands):
            raise Refused(497, f"{USER}: Not enough privileges. (ACCESS_DENIED)")
        return execute()

    return around


def test_a_database_that_is_there_takes_no_right_to_make_it(server: Bridge, database: Database) -> None:
    server.around = forbidding("CREATE")
    with open_database(server.settings(database.name)) as remote:
        assert stored(remote) == []
    with pytest.raises(StoreError, match="Not enough privileges"):
        open_database(server.settings(f"{database.name}_missing"))


def test_a_database_that_is_missing_is_made(server: Bridge) -> None:
    name = "made_over_http"
    with open_database(server.settings(name)) as remote:
        assert remote.rows("SELECT currentDatabase()") == [(name,)]
        remote.run("DROP DATABASE {name:Identifier} SYNC", {"name": name})


def test_on_a_cluster_it_is_made_everywhere(server: Bridge) -> None:
    with pytest.raises(StoreError, match="blue"):  # this server is in no cluster
        open_database(server.settings("missing_on_blue", clickhouse_cluster="blue"))
    assert server.requests[-1].sql == "CREATE DATABASE IF NOT EXISTS {name:Identifier} ON CLUSTER 'blue'"


def test_a_second_writer_waits_for_the_first(server: Bridge, remote: Database) -> None:
    first = ledger_on(remote)
    with open_database(server.settings(remote.name)) as elsewhere:
        second = ClickHouseLedger(elsewhere, CHAIN, Lease(elsewhere, CHAIN, ttl=60))
        with pytest.raises(LeaseLost, match=socket.gethostname()):
            second.recover()
        first.commit(FIRST)
        with pytest.raises(LeaseLost):
            second.commit(SECOND)
        first.release()
        second.recover()
        second.commit(SECOND)
        with pytest.raises(LeaseLost):
            first.commit(SECOND)
        assert stored(remote) == expected(FIRST, SECOND)


def test_as_many_at_once_as_there_are_places(server: Bridge, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    everybody = threading.Barrier(12)

    def meet(request: Request, execute: Callable[[], bytes]) -> bytes:
        if request.sql.startswith("SELECT 'met'"):
            everybody.wait(25)  # only a request that has no place waits that long
        return execute()

    server.around = meet
    with open_database(server.settings(database.name, max_concurrent_queries=10)) as remote, ThreadPoolExecutor(12) as pool:
        for _ in range(2):
            assert list(pool.map(remote.rows, ["SELECT 'met'"] * 12)) == [[("met",)]] * 12
    assert not caplog.records
