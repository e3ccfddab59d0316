"""`stats`: statistics of 24 hours for every market at once, beside the same figures from candles and from raw rows."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.store.client import Database, embedded_database
from app.store.schema import migrate
from app.store.stats_reader import BY_MARKET, StatsReader
from bench.report import MORE, Against, AsJson, say_machine, tell
from bench.stats_rows import EVENTS, HOURS, MINUTES, RAW

HOUR = 3_600
DAY = 86_400
MINUTE_DAYS = 50 * HOUR
"""Seconds of the past that have minutes: what the statistics look at."""

EVENTS_A_DAY = 100
"""Raw rows of each market in the last day."""


def stats(
    markets: Annotated[int, typer.Option(help="Markets, each with an event in every hour.")] = 10_000,
    days: Annotated[int, typer.Option(help="Days of hours.")] = 30,
    runs: Annotated[int, typer.Option(help="Times that each query is asked.")] = 40,
    as_json: AsJson = False,
    against: Against = None,
) -> None:
    """Statistics of 24 hours, exact to the minute, in an embedded store full of hours and of every fifth minute."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, embedded_database(Path(folder), "bench") as database:
        migrate(database)
        now = int(time.time())
        _fill(database, now, markets, days)
        reader = StatsReader(database)
        some = [row.market_id for row in reader.all(now, limit=runs)]
        timed = {
            "query": _times(lambda _: reader.figures(now, limit=markets), runs),
            "all": _times(lambda _: reader.all(now, limit=markets), runs),
            "top_100": _times(lambda _: reader.all(now, limit=100), runs),
            "one": _times(lambda run: reader.of([some[run % len(some)]], now), runs),
            "candles": _times(lambda _: StatsReader(database, BY_MARKET).all(now, limit=markets), max(3, runs // 10)),
            "raw_rows": _times(lambda _: database.rows(RAW, {"start": now - now % 60 - DAY, "limit": markets}), max(3, runs // 10)),
        }
    say_machine()
    for name, seconds in timed.items():
        typer.echo(f"{name.replace('_', ' '):<9} p50 {_p50(seconds):>8.1f} ms   p95 {_p95(seconds):>8.1f} ms")
    ratios = {f"{name}_ratio": round(_p50(timed[name]) / _p50(timed["all"]), 1) for name in ("candles", "raw_rows")}
    typer.echo(
        f"of all markets, candles take {ratios['candles_ratio']} times as long, raw rows of one day {ratios['raw_rows_ratio']} times"
    )
    figures = {f"{name}_{kind}_ms": round(of(seconds), 1) for name, seconds in timed.items() for kind, of in (("p50", _p50), ("p95", _p95))}
    tell("stats", {"markets": markets, "days": days} | figures | ratios, dict.fromkeys(ratios, MORE), as_json=as_json, against=against)


def _fill(database: Database, now: int, markets: int, days: int) -> None:
    """Hours, minutes and raw rows as a listener would have left them, each written by itself: the cascade would count them again."""
    for view in ("vamm_ohlcv_5m_mv", "vamm_ohlcv_1s_mv", "vamm_market_states_mv", "vamm_positions_mv"):
        database.run("DROP VIEW {view:Identifier}", {"view": view})
    hour = now - now % HOUR
    typer.echo(f"filling {markets:,} markets with {days} days")
    database.run(HOURS, {"markets": markets, "since": hour - days * DAY, "rows": markets * (days * 24 + 1)})
    for since in range(hour - MINUTE_DAYS, now, HOUR):
        minutes = min(60, (now - since) // 60 + 1)
        database.run(MINUTES, {"markets": markets, "since": since, "rows": markets * minutes})
    database.run(EVENTS, {"markets": markets, "since": now - DAY, "rows": markets * EVENTS_A_DAY})


def _times(ask: Callable[[int], object], runs: int) -> list[float]:
    """Milliseconds of each of *runs* times, the first one aside."""
    seconds = []
    for run in range(runs + 1):
        began = time.perf_counter()
        ask(run)
        seconds.append((time.perf_counter() - began) * 1_000)
    return seconds[1:]


def _p50(times: list[float]) -> float:
    return statistics.median(times)


def _p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]
