"""The command behind `scripts/bench`: speed as ratios measured in one run."""

import typer

from bench.http import http
from bench.ingest import ingest
from bench.live import live
from bench.markets import markets
from bench.report import compare
from bench.scale import scale
from bench.start import start
from bench.stats import stats

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
for part in (http, ingest, live, markets, scale, start, stats):
    app.command()(part)
app.command()(compare)


@app.callback()
def parts() -> None:
    """Speed as ratios measured in one run. Each part prints what it measured; --json adds one line for programs, last.

    `scripts/bench http --json | tee http.txt`, and some time later `scripts/bench http --against http.txt`.
    """


if __name__ == "__main__":
    app()
