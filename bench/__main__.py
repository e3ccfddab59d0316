"""The command behind `scripts/bench`: speed as ratios measured in one run."""

import typer

from bench.http import http
from bench.ingest import ingest
from bench.live import live
from bench.markets import markets
from bench.stats import stats

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
app.command()(http)
app.command()(ingest)
app.command()(live)
app.command()(markets)
app.command()(stats)


@app.callback()
def parts() -> None:
    """Speed as ratios measured in one run. Each part prints what it measured; --json adds one line for programs, last."""


if __name__ == "__main__":
    app()
