"""`http`: answers of /history from the cache and from the store, beside the least that the server can do, and beside DuckDB."""

import json
import multiprocessing
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from operator import truediv
from pathlib import Path
from typing import Annotated, Final

import typer

from app import service
from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from app.store.client import embedded_database
from bench import duck
from bench.candles import MINUTE, fill, ticker
from bench.load import latencies, rate, request
from bench.serving import bare, ours, serving

BARS: Final = 329
"""What TradingView's library asks for first."""

CONNECTIONS: Final = 16
MARKETS: Final = 100
ROUNDS: Final = 15
"""Turns that the cached and the bare server take: short ones, for a machine's speed changes from one second to the next."""


def http(
    candles: Annotated[int, typer.Option(help="Candles stored, of all resolutions.")] = 50_000_000,
    seconds: Annotated[float, typer.Option(help="Seconds of each turn.")] = 1.0,
    queries: Annotated[int, typer.Option(help="Uncached answers.")] = 2_000,
    store: Annotated[Path | None, typer.Option(help="Folder of the store, filled before where there is one, and kept.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON.")] = False,
) -> None:
    """/history of 329 bars over HTTP, one hypercorn worker on an embedded store of a hundred markets, without limits on how often one asks.

    Cached: the newest bars, by sixteen connections, in turns with a bare Starlette route that returns the same bytes. Uncached: a
    market, whose newest bars were asked for before, and a time at random, one at a time, each bar read from the store; DuckDB answers the
    same from a table of the same candles.
    """
    now = int(time.time())
    with tempfile.TemporaryDirectory(prefix="bench-") as temporary:
        folder = store or Path(temporary)
        until = _filled(folder, candles, now)
        settings = Settings(data_dir=folder, port=0, **WITHOUT_LIMITS)
        newest = [request(_history(1, until + MINUTE + second)) for second in range(60)]
        drawn = _drawn(queries, candles, until)
        with serving(partial(ours, settings), settings) as port:
            body = service.run(_body(port, newest[0]))
            with serving(partial(bare, "/api/tradingview/history", body), settings) as other:
                cached, plain, ratio = service.run(_turns(port, other, newest, seconds))
            service.run(latencies(port, [request(_history(number, until + MINUTE)) for number in range(1, MARKETS + 1)]))
            uncached = service.run(latencies(port, [request(_history(*each)) for each in drawn]))
        beside = duck.latencies(folder, drawn, BARS)
    typer.echo(f"{platform.machine()}, {multiprocessing.cpu_count()} cores, Python {platform.python_version()}; {candles:,} candles")
    typer.echo(f"cached    {cached:>8,.0f} answers/s of {BARS} bars, {len(body):,} bytes")
    typer.echo(f"bare      {plain:>8,.0f} answers/s of the same bytes; ratio {ratio:.2f}")
    for name, figures in (("uncached", uncached), ("duckdb", beside)):
        p50, p95, p99 = _percentiles(figures)
        typer.echo(f"{name:<9} p50 {p50:5.1f} ms, p95 {p95:5.1f} ms, p99 {p99:5.1f} ms")
    if as_json:
        (p50, p95, _), duckdb = _percentiles(uncached), _percentiles(beside)[0]
        latency = {"uncached_p50_ms": round(p50, 2), "uncached_p95_ms": round(p95, 2), "duckdb_p50_ms": round(duckdb, 2)}
        typer.echo(
            json.dumps(
                {"cached_rps": round(cached), "bare_rps": round(plain), "cached_ratio": round(ratio, 3), **latency, "candles": candles}
            )
        )


def _filled(folder: Path, candles: int, now: int) -> int:
    """The end of the candles (seconds) in *folder*, which is filled where there are none."""
    path = folder / "clickhouse"
    fresh = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    with embedded_database(path, Settings().clickhouse_database) as database:
        if fresh:
            fill(database, candles, MARKETS, now)
        until = int(database.rows("SELECT toUnixTimestamp(max(timestamp)) FROM vamm_ohlcv_1m")[0][0])
        duck.copy(database, folder)
    return until


def _history(market: int, until: int) -> str:
    return f"/api/tradingview/history?symbol={ticker(market)}&resolution=1&from=0&to={until}&countback={BARS}"


def _drawn(queries: int, candles: int, until: int) -> list[tuple[int, int]]:
    """Markets and ends, each at random."""
    chance = random.Random(1)
    reach = int(candles / MARKETS * MINUTE * 0.7)
    return [(chance.randint(1, MARKETS), until - chance.randrange(reach) // MINUTE * MINUTE) for _ in range(queries)]


async def _body(port: int, asked: bytes) -> bytes:
    from bench.load import Connection

    async with Connection(port) as connection:
        status, body = await connection.ask(asked)
    if status != 200 or json.loads(body)["s"] != "ok" or len(json.loads(body)["t"]) != BARS:
        raise SystemExit(f"{status} {body[:200]!r}")
    return body


async def _turns(port: int, other: int, asked: Sequence[bytes], seconds: float) -> tuple[float, float, float]:
    """Answers a second of both ports and what the first is of the second turn by turn, each the median."""
    cached, plain = [], []
    for _ in range(ROUNDS):
        cached.append((await rate(port, asked, connections=CONNECTIONS, seconds=seconds)).per_s)
        plain.append((await rate(other, asked, connections=CONNECTIONS, seconds=seconds)).per_s)
    return statistics.median(cached), statistics.median(plain), statistics.median(map(truediv, cached, plain))


def _percentiles(figures: Sequence[float]) -> tuple[float, float, float]:
    cut = statistics.quantiles(figures, n=100)
    return cut[49], cut[94], cut[98]
