"""What each part tells: the machine, its figures as a line for programs, and how its ratios moved since an earlier run."""

from __future__ import annotations

import json
import multiprocessing
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, cast

import psutil
import typer

MORE: Final = "more"
LESS: Final = "less"
Better = Mapping[str, str]
"""Which of the figures are ratios to something measured in the same run, and whether more or less of each is better."""

TOLERATED: Final = 15.0
"""Per cent that a ratio may be worse: on a shared machine it moves by ten from one run to the next."""

SIZES: Final = ("candles", "markets", "days", "events", "fanout_connections")
"""Figures that say how much was measured: ratios of other sizes say little."""

BOUNDS: Final[Mapping[str, Mapping[str, tuple[str, float]]]] = {
    "http": {"cached_ratio": (MORE, 0.85), "uncached_p95_ms": (LESS, 10)},
    "ingest": {"events_per_s": (MORE, 30_000), "ratio": (MORE, 10)},
    "live": {"block_to_client_p99_ms": (LESS, 250), "fanout_ratio": (MORE, 0.8)},
    "scale": {"candles_p50_growth": (LESS, 1.5), "candles_p95_growth": (LESS, 1.5)},
    "start": {"server_start_s": (LESS, 2), "embedded_start_s": (LESS, 4), "server_idle_mb": (LESS, 150)},
}
"""What is aimed at, on two cores and with the sizes that parts have by themselves: of each figure, at least or less than how much."""

CPU_INFO: Final = Path("/proc/cpuinfo")

AsJson = Annotated[bool, typer.Option("--json", help="End with one line of JSON.")]
Against = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="What an earlier run printed with --json: compare. Exit code 1 where a ratio is worse."),
]


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {
        "cpu": _cpu(),
        "cores": multiprocessing.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "chdb": version("chdb-core"),
    }


def say_machine() -> None:
    """The line that each part begins with."""
    typer.echo("{cpu}, {cores} cores, {memory_gb} GB, {system}, Python {python}, chDB {chdb}".format(**machine()))


def tell(part: str, figures: Mapping[str, object], better: Better, *, as_json: bool, against: Path | None) -> None:
    """End *part*: say which bounds are met, compare with the run in *against*, then print *figures* as JSON.

    Exit code 1 where a ratio is worse than it was: a bound may be missed on a machine that is slower, or has other things to do.
    """
    for name, (side, bound) in BOUNDS.get(part, {}).items():
        found = cast(float, figures[name])
        met = found >= bound if side == MORE else found < bound
        typer.echo(f"{'met   ' if met else 'MISSED'}  {name} {found:,g}: {'at least' if side == MORE else 'less than'} {bound:,g}")
    run = {"part": part, "machine": machine(), "better": dict(better), **figures}
    worse = False
    if against:
        worse = say_changes(runs(against).get(part, {}), run, TOLERATED)
    if as_json:
        typer.echo(json.dumps(run))
    if worse:
        raise typer.Exit(1)


def runs(path: Path) -> dict[str, dict[str, Any]]:
    """The runs in *path* by part: of each the last one, among whatever else was printed."""
    found = {}
    for line in path.read_text().splitlines():
        if line.startswith("{"):
            try:
                run = json.loads(line)
            except ValueError:
                raise SystemExit(f"{path}: a line that begins like JSON is none") from None
            if "part" in run:
                found[run["part"]] = run
    if not found:
        raise SystemExit(f"{path} has no line that a part printed with --json")
    return found


def say_changes(old: Mapping[str, Any], new: Mapping[str, Any], tolerated: float) -> bool:
    """Print how each ratio of both runs moved. Whether one is worse by more than *tolerated* per cent."""
    if not old:
        typer.echo(f"{new['part']}: the earlier run does not have this part")
        return False
    others = [name for name, value in new["machine"].items() if old["machine"].get(name) != value]
    if others:
        typer.echo(f"{new['part']}: the earlier run was on another machine ({', '.join(others)})")
    if sizes := [name for name in SIZES if old.get(name) != new.get(name)]:
        typer.echo(f"{new['part']}: the earlier run was of another size ({', '.join(sizes)})")
    lost = False
    for name, was, now, change, is_worse in _changes(old, new, tolerated):
        lost |= is_worse
        typer.echo(f"{new['part']:<8} {name:<28} {was:>9.3f} -> {now:>9.3f}  {change:+6.1f} %{'  WORSE' if is_worse else ''}")
    return lost


def compare(
    old: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What parts printed with --json, earlier.")],
    new: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The same, now.")],
    tolerated: Annotated[float, typer.Option(min=0, help="Per cent that a ratio may be worse.")] = TOLERATED,
) -> None:
    """How the ratios of each part moved between two stored runs. Exit code 1 where one is worse."""
    before = runs(old)
    if [part for part, run in runs(new).items() if say_changes(before.get(part, {}), run, tolerated)]:
        raise typer.Exit(1)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any], tolerated: float) -> Iterator[tuple[str, float, float, float, bool]]:
    for name, better in new["better"].items():
        was, now = old.get(name), new[name]
        if was and now:
            change = 100 * (now / was - 1)
            loss = 100 * (was / now - 1) if better == MORE else change
            yield name, was, now, change, loss > tolerated


def _cpu() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
