"""The command behind `scripts/bench`: speed as ratios measured in one run."""

import subprocess
import sys

import typer

from bench.http import http
from bench.ingest import ingest
from bench.live import live
from bench.markets import markets
from bench.report import Against, AsJson, compare
from bench.scale import scale
from bench.start import start
from bench.stats import stats

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
PARTS = (http, ingest, live, markets, scale, start, stats)
for part in PARTS:
    app.command()(part)
app.command()(compare)


@app.command("all")
def every(as_json: AsJson = False, against: Against = None) -> None:
    """All parts with their own sizes, each in a process of its own, one after the other: about a quarter of an hour."""
    chosen = [*(["--json"] if as_json else []), *(["--against", str(against)] if against else [])]
    failed = []
    for part in PARTS:
        typer.echo(f"\n== {part.__name__}")
        if subprocess.run([sys.executable, "-m", "bench", part.__name__, *chosen], check=False).returncode:
            failed.append(part.__name__)
    if failed:
        typer.echo(f"\nWORSE or failed: {', '.join(failed)}")
        raise typer.Exit(1)


@app.callback()
def parts() -> None:
    """Speed as ratios measured in one run. Each part prints what it measured; --json adds one line for programs, last.

    `scripts/bench http --json | tee http.txt`, and some time later `scripts/bench http --against http.txt`.
    """


if __name__ == "__main__":
    app()
