"""The command `datafeed`: parse, call, print.

What a command needs is imported inside it: none waits for what others load, and `--help` for nothing.
"""

import logging
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from app.cli_check import EXIT_CODES as CHECK_EXIT_CODES
from app.cli_check import check
from app.cli_keys import keys
from app.cli_markets import markets
from app.cli_running import demo, listen, serve, tick
from app.cli_set_aside import set_aside
from app.cli_setup import EXIT_CODES as SETUP_EXIT_CODES
from app.cli_setup import setup
from app.cli_store import queries, storage
from app.console import EXIT_CODES, Chain, node_settings_for, read_blocks, settings_for
from app.domain.errors import DatafeedError
from app.ops import screen

app = typer.Typer(
    help="Follows vAMM markets on a chain, keeps their candles in ClickHouse and serves them to charts.",
    epilog="Settings come from the environment and from .env: docs/settings.md. " + EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(markets, name="markets")
app.add_typer(set_aside, name="set-aside")
app.add_typer(keys, name="keys")


def _show_version(wanted: bool) -> None:
    if wanted:
        screen.out.print(f"vamm-datafeed {version('vamm-datafeed')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    debug: Annotated[
        bool, typer.Option("--debug", help="Log everything, and show the trace of an error, as LOG_LEVEL=debug does.")
    ] = False,
    _: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")] = False,
) -> None:
    """Follows vAMM markets on a chain, keeps their candles in ClickHouse and serves them to charts."""
    context.obj = {"log_level": "debug"} if debug else {}


for _command in (serve, demo, listen, tick):
    app.command(epilog=EXIT_CODES)(_command)


@app.command(epilog=EXIT_CODES)
def backfill(
    context: typer.Context,
    first: Annotated[
        int | None, typer.Option("--from", min=0, metavar="BLOCK", help="First block; where left out, the one after the newest stored.")
    ] = None,
    last: Annotated[int | None, typer.Option("--to", min=0, metavar="BLOCK", help="Last block; the chain's head where left out.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Take back what is stored from --from on, and read it again.")] = False,
) -> None:
    """Read the chain's history up to a block, showing how far it is, and end.

    Begins with START_BLOCK where nothing is stored, and goes on from the newest stored block otherwise: stopped at any time (exit
    code 1), it continues where it was. What is stored is kept and not read again, except with `--again`.

    Open interest and the sides of positions depend on all that came before, so older blocks cannot be put under newer ones: where
    START_BLOCK was too high, `--from BLOCK --again` takes everything back and reads it anew from BLOCK, as far as it was stored or
    to `--to`, whichever is later.

    `datafeed backfill --from 19000000 --to 19500000`
    """
    from app.ops.reports import reporting

    settings = node_settings_for(context)
    if again and first is None:
        raise typer.BadParameter("needs --from BLOCK: the first block to read again", param_hint="--again")
    if first is not None and last is not None and last < first:
        raise typer.BadParameter(f"block {last} comes before --from {first}", param_hint="--to")
    with reporting(settings):
        read_blocks(settings, first, last, again=again)


@app.command(epilog=EXIT_CODES)
def rewind(
    context: typer.Context, to: Annotated[int, typer.Option(min=0, metavar="BLOCK", help="Last block to keep.")], chain: Chain = None
) -> None:
    """Take back every stored block after BLOCK; the candles of the days they touched are built anew from what is left.

    The next `listen` or `backfill` reads them again. Far behind the head only one block in about 50,000 is remembered by hash: a rewind
    to there goes further back, to the newest remembered one.

    `datafeed rewind --to 19000000`
    """
    from app import operations, service

    settings = settings_for(context)
    with service.store(settings) as database:
        before, after, _ = operations.rewind(settings, database, operations.chain(database, chain), to)
    if after == before:
        screen.out.print(f"nothing to take back: block {before.number} is the newest" if before else "nothing is stored")
        return
    stored = f"block {after.number} is the newest now" if after else "nothing is stored now"
    screen.out.print(f"{stored}; it was {before.number if before else 'none'} before")


@app.command(epilog="Exit codes: 0 no difference (or all repaired), 1 differences or failure, 2 wrong usage or settings.")
def verify(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Rebuild what differs from the raw rows, and compare again.")] = False,
) -> None:
    """Compare every candle, market state and position with what the raw rows say, and list what differs.

    Blocks that a listener commits meanwhile may show as differences: compare again, or stop it first.

    `datafeed verify --repair`
    """
    from app import service
    from app.store.verify import verify as compare

    settings = settings_for(context)
    with service.store(settings) as database:
        found = compare(database, retention_1s_days=settings.retention_1s_days, on_step=_compared)
        if repair and found:
            from app import operations

            operations.mend(settings, database, found)
            screen.out.print(f"{len(found)} differences repaired")
            found = compare(database, retention_1s_days=settings.retention_1s_days, on_step=_compared)
    if found:
        rows = ((row.table, row.market_id, screen.moment(row.timestamp), row.stored, row.expected) for row in found)
        screen.table("Differences", ("table", "#market id", "time, UTC", "stored", "by the raw rows"), rows)
        raise typer.Exit(1)
    screen.out.print("no difference")


@app.command(epilog=EXIT_CODES)
def migrate(context: typer.Context) -> None:
    """Bring the schema up to date and say what was applied. Commands that write do the same when they start.

    Safe to repeat, and to run from several places at once.
    """
    from app.store.client import open_database
    from app.store.schema import migrate_as_set

    settings = settings_for(context)
    with open_database(settings) as database:
        applied = migrate_as_set(database, settings)
    screen.out.print("\n".join(f"applied {name}" for name in applied) or "up to date")


app.command(epilog=CHECK_EXIT_CODES)(check)
app.command(epilog=SETUP_EXIT_CODES)(setup)
app.command(epilog=EXIT_CODES)(storage)
app.command(epilog=EXIT_CODES)(queries)


def main() -> None:
    """Run the command, and end the process with its exit code. Known errors are told, not traced."""
    try:
        app()
    except DatafeedError as error:
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            logging.getLogger(__name__).exception("failed")
        screen.complain(error.advice)
        sys.exit(error.exit_code)


def _compared(step: str) -> None:
    logging.getLogger(__name__).debug("comparing %s", step)
