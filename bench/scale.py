"""`scale`: what becomes of an uncached answer, and of the process that gives it, while markets and candles multiply."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from app import service
from app.settings import Settings
from app.settings.limits import WITHOUT_LIMITS
from app.store.client import FOLDER, embedded_database
from bench.candles import MINUTE, fill
from bench.http import BARS, cut, history
from bench.load import latencies, request
from bench.plot import Panel, plot
from bench.report import LESS, Against, AsJson, say_machine, tell
from bench.serving import Server, bare, ours, serving

RESOLUTIONS: Final = ("1m", "1d")
"""What is asked for, and where the reader looks when a market begins and ends."""

LEAST_MINUTES: Final = 1_000
"""Candles of each market, so that there are enough before a time at random."""

ROUNDS: Final = 10

ANY: Final = "/api/tradingview/history"

BODY: Final = 21_000
"""Bytes of so many bars."""

_SPAWN = multiprocessing.get_context("spawn")


class Size(NamedTuple):
    """Of a store."""

    markets: int
    candles: int


class Grown(NamedTuple):
    """What was measured of it: milliseconds of uncached answers, and of those that each market was asked for first; bytes."""

    uncached: list[float]
    first: list[float]
    idle: int
    loaded: int
    disk: int


Times = dict[Size, list[float]]
"""Milliseconds, by store."""


def scale(
    candles: Annotated[int, typer.Option(help="One-minute candles of the largest store.")] = 100_000_000,
    markets: Annotated[int, typer.Option(help="Markets of the store that has the most.")] = 10_000,
    queries: Annotated[int, typer.Option(help="Uncached answers of each store.")] = 1_000,
    store: Annotated[Path | None, typer.Option(help="Folder of the stores, filled before where they are there, and kept.")] = None,
    chart: Annotated[Path | None, typer.Option("--plot", help="Where to draw the growth, as SVG.")] = None,
    as_json: AsJson = False,
    against: Against = None,
) -> None:
    """Uncached /history of 329 bars over HTTP, and memory, with a hundredth, a tenth and all of the candles, and with 1 to 10,000 markets.

    Each store is served by a process of its own, which keeps no candles; all are asked in turns, one question at a time: first a market's
    newest bars, then those before a time at random. Beside them a bare route returns as many bytes.
    """
    some = math.isqrt(markets)
    by_candles = [Size(some, candles // part) for part in (100, 10, 1)]
    by_markets = [Size(each, candles // 10) for each in (1, some, markets)]
    if min(size.candles // size.markets for size in (*by_candles, *by_markets)) < LEAST_MINUTES:
        raise typer.BadParameter(f"too few: each market needs {LEAST_MINUTES} candles in all stores")
    sizes = list(dict.fromkeys([*by_candles, *by_markets]))
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as temporary:
        until = int(time.time())
        folders = {size: (store or Path(temporary)) / f"{size.markets}-{size.candles}" for size in sizes}
        for size, folder in folders.items():
            began = time.perf_counter()
            filled(folder, size, until)
            typer.echo(f"{size.candles:,} candles of {size.markets:,} markets: filled in {time.perf_counter() - began:.0f} s")
        found, least = _measured(folders, queries)
    say_machine()
    for size, grown in found.items():
        p50, p95, p99 = cut(grown.uncached)
        typer.echo(
            f"{size.candles:>12,} candles {size.markets:>7,} markets  uncached p50 {p50:5.1f} ms, p95 {p95:5.1f}, p99 {p99:5.1f}; "
            f"first of a market {statistics.median(grown.first):5.1f} ms; memory {grown.idle / 1e6:,.0f} MB, then "
            f"{grown.loaded / 1e6:,.0f}; disk {grown.disk / 1e6:,.0f} MB"
        )
    typer.echo(f"bare route p50 {cut(least)[0]:.2f} ms")
    if chart:
        chart.write_text(plot(list(_panels(found, by_candles, by_markets))))
    figures = _figures(found, by_candles, by_markets)
    figures["uncached_bare_ratio"] = round(cut(found[by_candles[-1]].uncached)[0] / cut(least)[0], 2)
    ratios = {name: LESS for name in figures if name.endswith(("_growth", "_ratio"))}
    tell("scale", {"candles": candles, "markets": markets, **figures}, ratios, as_json=as_json, against=against)


def filled(folder: Path, size: Size, until: int) -> None:
    """Have a store of *size* in *folder*, made by a process of its own: the engine opens one folder a process."""
    if (folder / "filled").exists():
        return
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    process = _SPAWN.Process(target=_fill, args=(folder, size, until))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit("filling failed; its error is above")


def _fill(folder: Path, size: Size, until: int) -> None:
    with embedded_database(folder / FOLDER, Settings().clickhouse_database) as database:
        fill(database, size.candles, size.markets, until, RESOLUTIONS)
    (folder / "filled").write_text(str(until))


def _measured(folders: dict[Size, Path], queries: int) -> tuple[dict[Size, Grown], list[float]]:
    """What was found of each store, and the milliseconds of the bare route."""
    with contextlib.ExitStack() as stack:
        servers = {size: stack.enter_context(_serving(folder)) for size, folder in folders.items()}
        plain = stack.enter_context(serving(partial(bare, ANY, b"0" * BODY), Settings(port=0)))
        idle = {size: server.memory for size, server in servers.items()}
        untils = {size: int((folder / "filled").read_text()) for size, folder in folders.items()}
        first, uncached, least = service.run(_asked(servers, plain, untils, queries))
        loaded = {size: server.memory for size, server in servers.items()}
    disk = {size: sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) for size, folder in folders.items()}
    return {size: Grown(uncached[size], first[size], idle[size], loaded[size], disk[size]) for size in servers}, least


async def _asked(servers: dict[Size, Server], plain: Server, untils: dict[Size, int], queries: int) -> tuple[Times, Times, list[float]]:
    """Milliseconds of what each market was asked for first, of uncached answers, and of the bare route."""
    drawn = {size: _drawn(size, untils[size], queries) for size in servers}
    first: Times = {size: [] for size in servers}
    uncached: Times = {size: [] for size in servers}
    known: dict[Size, set[int]] = {size: set() for size in servers}
    least: list[float] = []
    for number in range(ROUNDS):
        for size, server in servers.items():
            some = drawn[size][number::ROUNDS]
            new = sorted({market for market, _ in some} - known[size])
            known[size].update(new)
            first[size] += await latencies(server.port, [request(history(market, untils[size] + MINUTE)) for market in new])
            uncached[size] += await latencies(server.port, [request(history(*each)) for each in some])
        least += await latencies(plain.port, [request(ANY)] * max(10, queries // ROUNDS))
    return first, uncached, least


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[Server]:
    settings = Settings(data_dir=folder, port=0, ohlcv_1m_cache_ttl=0, ohlcv_closed_cache_ttl=0, **WITHOUT_LIMITS)
    with serving(partial(ours, settings), settings) as server:
        service.run(latencies(server.port, [request("/readyz")]))
        yield server


def _drawn(size: Size, until: int, queries: int) -> list[tuple[int, int]]:
    """Markets and ends, each at random; enough bars are before each."""
    chance = random.Random(1)
    reach = size.candles // size.markets - 2 * BARS
    return [(chance.randint(1, size.markets), until // MINUTE * MINUTE - chance.randrange(reach) * MINUTE) for _ in range(queries)]


def _figures(found: dict[Size, Grown], by_candles: Sequence[Size], by_markets: Sequence[Size]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for size, grown in found.items():
        name = f"{size.candles}x{size.markets}"
        p50, p95, _ = cut(grown.uncached)
        figures |= {f"{name}_p50_ms": round(p50, 2), f"{name}_p95_ms": round(p95, 2)}
        figures[f"{name}_first_p50_ms"] = round(statistics.median(grown.first), 2)
        figures |= {f"{name}_idle_mb": round(grown.idle / 1e6), f"{name}_loaded_mb": round(grown.loaded / 1e6)}
    for axis, (least, *_, most) in (("candles", by_candles), ("markets", by_markets)):
        for place, percentile in ((0, "p50"), (1, "p95")):
            figures[f"{axis}_{percentile}_growth"] = round(cut(found[most].uncached)[place] / cut(found[least].uncached)[place], 3)
        figures[f"{axis}_memory_growth"] = round(found[most].loaded / found[least].loaded, 3)
    return figures


def _panels(found: dict[Size, Grown], by_candles: Sequence[Size], by_markets: Sequence[Size]) -> Iterator[Panel]:
    some, most = by_candles[0].markets, by_markets[0].candles
    axes = (
        (f"candles of {some:,} markets", by_candles, [_short(size.candles) for size in by_candles]),
        (f"markets with {_short(most)} candles in all", by_markets, [_short(size.markets) for size in by_markets]),
    )
    for across, sizes, steps in axes:
        times = [cut(found[size].uncached) for size in sizes]
        lines = {"p50": [p50 for p50, _, _ in times], "p95": [p95 for _, p95, _ in times]}
        yield Panel("Uncached answer, ms", across, steps, lines)
        memory = {"idle": [found[size].idle / 1e6 for size in sizes], "after": [found[size].loaded / 1e6 for size in sizes]}
        yield Panel("Memory of the process, MB", across, steps, memory)


def _short(number: int) -> str:
    return f"{number // 1_000_000:,} million" if number >= 1_000_000 else f"{number:,}"
