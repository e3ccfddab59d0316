"""Long answers, and files made of them: whole, of one state of the market, and their places given back."""

import contextlib
import itertools
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from app.domain.resolution import resolution
from app.settings import Settings
from app.store.candle_file_reader import FORMATS, CandleFileReader
from app.store.candle_reader import LAST_SECOND, Series
from app.store.client import PIECE_BYTES, Database, Parameters, StoreError
from app.store.engine import EMBEDDED_ENGINE
from app.store.exports import AT_ONCE, Exports, TooManyExports
from app.store.limits import QueryTooLarge, query_limits
from app.store.reader import MarketBusy
from app.store.readers import Readers
from tests.feed.points import Point, add_points
from tests.store.bridge import Bridge
from tests.store.test_reader import NOON, Script
from tests.store.wire import Cut, Refused, Request

SERIES = Series(1, resolution("1"))
LONG = "SELECT number, randomString(100) FROM numbers({rows:UInt64})"

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["database", "remote"])
def engine(request: pytest.FixtureRequest) -> Database:
    """The test's database: in this process, and by way of a server."""
    found: Database = request.getfixturevalue(request.param)
    return found


class Restless:
    """A gate that sees a rewind at every look."""

    def __init__(self) -> None:
        self._epochs = itertools.count()

    def epoch(self, market_id: int) -> int:
        return next(self._epochs)

    def look(self, market_ids: Collection[int]) -> tuple[int, frozenset[int]]:
        return next(self._epochs), frozenset()


def minutes(store: Readers) -> contextlib.AbstractContextManager[Iterator[bytes]]:
    extent = store.candle_files.extent(SERIES, 0, LAST_SECOND, 100)
    return store.candle_files.file(SERIES, extent, FORMATS["csv"])


async def lines(exports: Exports) -> int:
    """Candles of the file."""
    async with exports.opened(1, minutes) as pieces:
        return b"".join([piece async for piece in pieces]).count(b"\n") - 1


def test_a_long_answer_comes_in_pieces(engine: Database) -> None:
    with engine.stream(LONG, "RowBinary", {"rows": 50_000}) as pieces:
        sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == 50_000 * (8 + 1 + 100)
    assert max(sizes) == PIECE_BYTES
    assert len(sizes) > 10


@pytest.mark.parametrize("fmt", ["CSV", "Parquet"])
def test_an_answer_that_is_left_takes_no_connection_along_and_leaves_nothing_behind(engine: Database, fmt: str) -> None:
    with engine.limited({}, size=1) as one:
        for _ in range(3):
            with one.stream(LONG, fmt, {"rows": 50_000}) as pieces:
                assert next(pieces)
            assert one.raw("SELECT 1", "CSV") == b"1\n"
            with contextlib.suppress(ZeroDivisionError), one.stream(LONG, fmt, {"rows": 50_000}):
                raise ZeroDivisionError
            assert one.rows("SELECT 2") == [(2,)]


@pytest.mark.parametrize("fmt", ["CSV", "Parquet", "ArrowStream"])
def test_an_answer_that_fails_half_way_has_no_first_piece(engine: Database, fmt: str) -> None:
    limits = query_limits(Settings(query_max_rows=100_000))
    failing = "SELECT throwIf(number = 90000) FROM numbers(95000)"
    with engine.limited(limits, size=1) as one:
        with pytest.raises(StoreError), one.stream(failing, fmt):
            raise AssertionError
        with pytest.raises(QueryTooLarge), one.stream(LONG, fmt, {"rows": 200_000}):
            raise AssertionError
        with one.stream("SELECT 1", "CSV") as pieces:
            assert list(pieces) == [b"1\n"]


def test_a_server_that_breaks_off_is_no_end(server: Bridge, remote: Database) -> None:
    def cut(request: Request, execute: Callable[[], bytes]) -> bytes:
        raise Cut(execute())

    def begin(request: Request, execute: Callable[[], bytes]) -> bytes:
        raise Refused(241, "Memory limit (total) exceeded. (MEMORY_LIMIT_EXCEEDED)", begun=execute())

    server.around = cut
    with remote.stream(LONG, "CSV", {"rows": 50_000}) as pieces, pytest.raises(StoreError, match="broke"):
        list(pieces)
    server.around = begin
    with pytest.raises(StoreError, match="Memory limit"), remote.stream(LONG, "CSV", {"rows": 50_000}):
        raise AssertionError
    server.around = lambda request, execute: execute()
    with remote.stream("SELECT 1", "CSV") as pieces:
        assert list(pieces) == [b"1\n"]


async def test_a_file_that_a_rewind_overlapped_is_made_again(engine: Database) -> None:
    add_points(engine, 1, [Point(NOON, 100, 1)])

    def rewound(look: int) -> None:
        if look == 3:  # the file is made, and what it holds is no longer true
            add_points(engine, 1, [Point(NOON + 60, 200, 1)])

    assert await lines(Exports(engine, Script(1, 1, 2, looked=rewound))) == 2


async def test_a_market_that_never_rests_has_no_file(engine: Database) -> None:
    exports = Exports(engine, Restless(), patience=0.1)
    for _ in range(AT_ONCE + 1):
        with pytest.raises(MarketBusy):
            await lines(exports)


async def test_so_many_at_once(engine: Database) -> None:
    exports = Exports(engine, Script(1))
    add_points(engine, 1, [Point(NOON, 100, 1)])
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(AT_ONCE):
            await stack.enter_async_context(exports.opened(1, minutes))
        with pytest.raises(TooManyExports):
            await lines(exports)
    assert await lines(exports) == 1


async def test_one_that_is_cancelled_gives_its_place_back(engine: Database) -> None:
    exports = Exports(engine, Script(1))
    for _ in range(AT_ONCE + 1):
        with anyio.CancelScope() as scope:
            async with exports.opened(1, minutes) as pieces:
                scope.cancel()
                await anext(aiter(pieces))
        assert scope.cancelled_caught
    assert await lines(exports) == 0


def test_a_file_of_stored_bars_is_made_in_the_order_of_their_table(database: Database, engine_path: Path) -> None:
    """Else it would be as right, but take twice as long."""
    add_points(database, 1, [Point(NOON, 100, 1)])

    class Explained(Database):
        def stream(self, sql: str, fmt: str, parameters: Parameters | None = None) -> Any:
            return super().stream(f"EXPLAIN PIPELINE {sql}", "TSV", parameters)

    with Explained({"interface": "chdb", "path": str(engine_path), "chdb_options": EMBEDDED_ENGINE}, database.name, size=1) as explained:
        files = CandleFileReader(explained)
        for name, in_order in (("1S", True), ("1D", True), ("30", False)):
            series = Series(1, resolution(name))
            with files.file(series, files.extent(series, 0, LAST_SECOND, 9), FORMATS["csv"]) as pieces:
                assert (b"AggregatingInOrder" in b"".join(pieces)) == in_order
