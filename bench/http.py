"""`http`: answers of /history from the cache and from the store under three servers, beside the least they can do, and other stores."""

import json
import random
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from functools import partial
from operator import truediv
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from app import service
from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from app.store.client import FOLDER, embedded_database
from bench import duck, postgres
from bench.candles import MINUTE, fill, ticker
from bench.load import latencies, rate, request
from bench.report import LESS, MORE, Against, AsJson, say_machine, tell
from bench.serving import SERVERS, Server, bare, ours, serving

BARS: Final = 329
"""What TradingView's library asks for first."""

CONNECTIONS: Final = 16
MARKETS: Final = 100
PROCESSES: Final = 3
"""Of each server, one after the other: of two processes of the same program, one is quicker than the other by up to a tenth."""

ROUNDS: Final = 5
"""Turns that the cached and the bare server take, in each of the processes: short ones, for a machine's speed changes from one second to
the next."""

BY_ITSELF: Final = frozenset(("content-length", "content-type", "date", "server", "connection"))
"""Headers that a bare route's answer has, too, or that say nothing of the answer."""

HYPERCORN: Final = "hypercorn"
"""Which the service runs on, and the others are compared with."""


class Measured(NamedTuple):
    """What the app did under one server: medians of all turns."""

    cached: float
    """Answers a second, likewise of a bare route that returns the same, headers and all, under the same server, and what the first is of
    the second turn by turn."""
    bare: float
    ratio: float
    speedup: float
    """The cached answers a second as a multiple of those of a bare route under hypercorn that returns the body alone, turn by turn."""
    cpu: float
    """Microseconds of the processor for a cached answer."""
    uncached: list[float]
    """Milliseconds."""


class Turn(NamedTuple):
    """Answers a second of three servers one after the other, and the first one's processor time of each in microseconds."""

    cached: float
    bare: float
    reference: float
    cpu: float


def http(
    candles: Annotated[int, typer.Option(help="Candles stored, of all resolutions.")] = 50_000_000,
    seconds: Annotated[float, typer.Option(help="Seconds of each turn.")] = 1.0,
    queries: Annotated[int, typer.Option(help="Uncached answers.")] = 2_000,
    store: Annotated[Path | None, typer.Option(help="Folder of the store, filled before where there is one, and kept.")] = None,
    as_json: AsJson = False,
    against: Against = None,
) -> None:
    """/history of 329 bars over HTTP, one worker on an embedded store of a hundred markets, without limits on how often one asks.

    The same app under hypercorn, uvicorn and granian. Cached: the newest bars, by sixteen connections, in turns with a bare Starlette route
    that returns the same bytes, headers and body, under the same server, and one under hypercorn that returns the body alone. Uncached: a
    market, whose newest bars were asked for before, and a time at random, one at a time, each bar read from the store; DuckDB and, where it
    is installed, PostgreSQL answer the same from a table of the same candles.
    """
    now = int(time.time())
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as temporary:
        folder = store or Path(temporary)
        until, absent = _filled(folder, candles, now)
        settings = Settings(data_dir=folder, port=0, **WITHOUT_LIMITS)
        newest = [request(history(1, until + MINUTE + second)) for second in range(60)]
        first = [request(history(number, until + MINUTE)) for number in range(1, MARKETS + 1)]
        drawn = _drawn(queries, candles, until)
        asked = [request(history(*each)) for each in drawn]
        found = {}
        for under in SERVERS:
            turns: list[Turn] = []
            uncached: list[float] = []
            for part in range(PROCESSES):
                with serving(partial(ours, settings), settings, under) as server:
                    body, headers = _response(server.port, history(1, until + MINUTE))
                    plain = partial(bare, "/api/tradingview/history", body)
                    with serving(partial(plain, headers), settings, under) as other, serving(plain, settings) as reference:
                        turns += service.run(_turns(server, other, reference, newest, seconds))
                    service.run(latencies(server.port, first))
                    uncached += service.run(latencies(server.port, asked[part::PROCESSES]))
            found[under] = _measured(turns, uncached)
        peers = {"duckdb": duck.latencies(folder, drawn, BARS)}
        if not absent:
            peers["postgres"] = postgres.latencies(folder, drawn, BARS)
    say_machine()
    typer.echo(f"{candles:,} candles; answers of {BARS} bars, {len(body):,} bytes")
    for under, each in found.items():
        typer.echo(
            f"{under:<9} cached {each.cached:>7,.0f} answers/s, bare {each.bare:>7,.0f}; ratio {each.ratio:.2f}; {each.speedup:.2f} of "
            f"hypercorn's with the body alone; {each.cpu:.0f} µs of the processor; uncached {_percentiles(each.uncached)}"
        )
    for name, times in peers.items():
        typer.echo(f"{name:<9} {_percentiles(times)}")
    if absent:
        typer.echo(f"postgres  left out: {absent}")
    figures, better = _figures(found, peers)
    tell("http", figures | {"candles": candles}, better, as_json=as_json, against=against)


def history(market: int, until: int, bars: int = BARS) -> str:
    """The path of so many *bars* of *market* before *until*."""
    return f"/api/tradingview/history?symbol={ticker(market)}&resolution=1&from=0&to={until}&countback={bars}"


def cut(figures: Sequence[float]) -> tuple[float, float, float]:
    """Median, 95th and 99th percentile."""
    found = statistics.quantiles(figures, n=100)
    return found[49], found[94], found[98]


def _filled(folder: Path, candles: int, now: int) -> tuple[int, str]:
    """The end of the candles (seconds) in *folder*, which is filled where there are none; and why PostgreSQL has none, if so."""
    path = folder / FOLDER
    fresh = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    absent = ""
    with embedded_database(path, Settings().clickhouse_database) as database:
        if fresh:
            fill(database, candles, MARKETS, now)
        until = int(database.rows("SELECT toUnixTimestamp(max(timestamp)) FROM vamm_ohlcv_1m")[0][0])
        duck.copy(database, folder)
        try:
            postgres.copy(database, folder)
        except postgres.Missing as missing:
            absent = str(missing)
    return until, absent


def _drawn(queries: int, candles: int, until: int) -> list[tuple[int, int]]:
    """Markets and ends, each at random."""
    chance = random.Random(1)
    reach = int(candles / MARKETS * MINUTE * 0.7)
    return [(chance.randint(1, MARKETS), until - chance.randrange(reach) // MINUTE * MINUTE) for _ in range(queries)]


def _response(port: int, path: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a whole answer, without those that a server adds by itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        body = answer.read()
        headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in BY_ITSELF}
    found = json.loads(body)
    if found["s"] != "ok" or len(found["t"]) != BARS:
        raise SystemExit(f"{body[:200]!r}")
    return body, headers


async def _turns(server: Server, other: Server, reference: Server, asked: Sequence[bytes], seconds: float) -> list[Turn]:
    turns = []
    for _ in range(ROUNDS):
        before = server.cpu
        cached = await rate(server.port, asked, connections=CONNECTIONS, seconds=seconds)
        cpu = (server.cpu - before) * 1e6 / cached.answers
        plain, least = [(await rate(each.port, asked, connections=CONNECTIONS, seconds=seconds)).per_s for each in (other, reference)]
        turns.append(Turn(cached.per_s, plain, least, cpu))
    return turns


def _measured(turns: Sequence[Turn], uncached: list[float]) -> Measured:
    cached, plain, least, cpu = zip(*turns, strict=True)
    ratio, speedup = (statistics.median(map(truediv, cached, others)) for others in (plain, least))
    return Measured(statistics.median(cached), statistics.median(plain), ratio, speedup, statistics.median(cpu), uncached)


def _figures(found: dict[str, Measured], peers: dict[str, list[float]]) -> tuple[dict[str, float], dict[str, str]]:
    """For programs: hypercorn's without its name."""
    figures: dict[str, float] = {}
    better: dict[str, str] = {}
    for under, each in found.items():
        prefix = "" if under == HYPERCORN else f"{under}_"
        p50, p95, p99 = cut(each.uncached)
        figures |= {f"{prefix}cached_rps": round(each.cached), f"{prefix}bare_rps": round(each.bare)}
        figures |= {f"{prefix}cached_ratio": round(each.ratio, 3), f"{prefix}cached_cpu_us": round(each.cpu, 1)}
        figures |= {f"{prefix}{name}": round(value, 2) for name, value in zip(UNCACHED, (p50, p95, p99), strict=True)}
        better[f"{prefix}cached_ratio"] = MORE
        if not prefix:
            figures["cached_body_ratio"], better["cached_body_ratio"] = round(each.speedup, 3), MORE
        else:
            figures[f"{prefix}speedup"] = round(each.speedup / found[HYPERCORN].speedup, 3)
            better[f"{prefix}speedup"] = MORE
    for name, times in peers.items():
        figures[f"{name}_p50_ms"] = round(cut(times)[0], 2)
        figures[f"uncached_{name}_ratio"] = round(cut(found[HYPERCORN].uncached)[0] / cut(times)[0], 3)
        better[f"uncached_{name}_ratio"] = LESS
    return figures, better


UNCACHED: Final = ("uncached_p50_ms", "uncached_p95_ms", "uncached_p99_ms")


def _percentiles(figures: Sequence[float]) -> str:
    return "p50 {:.1f} ms, p95 {:.1f} ms, p99 {:.1f} ms".format(*cut(figures))
