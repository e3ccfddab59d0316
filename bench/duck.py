"""DuckDB with the same candles in a table of its own, asked the same."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

import pyarrow as pa

from app.store.client import Database

NAME: Final = "candles.duckdb"

EXPORT = """
SELECT
    market_id, toUInt32(toUnixTimestamp(timestamp)) AS t, argMin(open.2, open.1) AS o, max(high) AS h, min(low) AS l,
    argMax(close.2, close.1) AS c, sum(volume) AS v
FROM vamm_ohlcv_1m WHERE market_id = {market_id:UInt64}
GROUP BY market_id, timestamp ORDER BY timestamp
"""
"""The one-minute candles of a market."""

_NEWEST = """
SELECT t, o, h, l, c, v FROM (
    SELECT t, o, h, l, c, v FROM candles WHERE market_id = ? AND t < ? AND t >= ? ORDER BY t DESC LIMIT ?
) ORDER BY t
"""


def copy(database: Database, folder: Path) -> None:
    """Put the one-minute candles of *database* into a DuckDB file in *folder*, by market and time; nothing where it is there."""
    import duckdb  # here, as the measured servers import this module, too

    if (folder / NAME).exists():
        return
    with duckdb.connect(str(folder / NAME)) as duck:
        duck.execute("CREATE TABLE candles (market_id UBIGINT, t UINTEGER, o DOUBLE, h DOUBLE, l DOUBLE, c DOUBLE, v DOUBLE)")
        for (market_id,) in database.rows("SELECT DISTINCT market_id FROM vamm_ohlcv_1d ORDER BY market_id"):
            rows = pa.ipc.open_stream(database.raw(EXPORT, "ArrowStream", {"market_id": market_id})).read_all()  # noqa: F841 (by name, below)
            duck.execute("INSERT INTO candles SELECT * FROM rows")


def latencies(folder: Path, drawn: Sequence[tuple[int, int]], bars: int) -> list[float]:
    """Milliseconds of *bars* before each of *drawn*: a market, and a time in seconds."""
    import duckdb

    found = []
    with duckdb.connect(str(folder / NAME), read_only=True) as duck:
        for market_id, until in drawn:
            began = perf_counter()
            rows = duck.execute(_NEWEST, [market_id, until, until - 2 * bars * 60, bars]).fetchall()
            found.append((perf_counter() - began) * 1_000)
            if len(rows) != bars:
                raise SystemExit(f"DuckDB has {len(rows)} bars of market {market_id} before {until}")
    return found
