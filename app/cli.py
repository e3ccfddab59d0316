"""The command `datafeed`: parse, call, print."""

import logging
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from app import operations, service
from app.chain.listener import Commit
from app.domain.errors import DatafeedError
from app.ops import logs, screen
from app.settings import Settings, doubts, load_settings, require
from app.store.client import open_database
from app.store.schema import migrate as apply_schema
from app.store.verify import verify as compare

EXIT_CODES = "Exit codes: 0 done, 1 failed (the last line says why), 2 wrong usage or settings."
NEEDS_A_NODE = "it is the node to read the chain from"

app = typer.Typer(
    help="Follows vAMM markets on a chain, keeps their candles in ClickHouse and serves them to charts.",
    epilog="Settings come from the environment and from .env: docs/settings.md. " + EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
aside = typer.Typer(help="Logs that could not become rows: what they are, and another try.", no_args_is_help=True)
app.add_typer(aside, name="set-aside", epilog=EXIT_CODES)

Chain = Annotated[int | None, typer.Option(metavar="ID", help="Chain id, where several chains are stored.")]


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


@app.command(epilog=EXIT_CODES)
def listen(context: typer.Context) -> None:
    """Follow the chain at RPC_URL and store its markets' events, until stopped.

    Goes on from the newest stored block, or from START_BLOCK. Repairs reorganisations by itself. A second listener on the same
    store waits until the first is gone. Ctrl-C and SIGTERM stop it without loss.

    `RPC_URL=wss://node.example.org datafeed listen`
    """
    settings = _settings(context)
    require(settings, rpc_url=NEEDS_A_NODE)

    async def work() -> None:
        with service.store(settings) as database:
            async with service.following(settings, database, on_commit=service.Pulse()) as following:
                await service.run_all(following.job())

    service.run(work())


@app.command(epilog=EXIT_CODES)
def backfill(
    context: typer.Context,
    first: Annotated[int | None, typer.Option("--from", min=0, metavar="BLOCK", help="First block; START_BLOCK where left out.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=0, metavar="BLOCK", help="Last block; the chain's head where left out.")] = None,
) -> None:
    """Read the chain's history up to a block, showing how far it is, and end.

    What is stored already is kept and not read again: to read blocks anew, take them back with `datafeed rewind` first. It can be
    stopped at any time and goes on where it was.

    `datafeed backfill --from 19000000 --to 19500000`
    """
    settings = _settings(context)
    require(settings, rpc_url=NEEDS_A_NODE)
    _read(settings, settings.start_block if first is None else first, last)


@app.command(epilog=EXIT_CODES)
def rewind(
    context: typer.Context, to: Annotated[int, typer.Option(min=0, metavar="BLOCK", help="Last block to keep.")], chain: Chain = None
) -> None:
    """Take back every stored block after BLOCK; the candles of the days they touched are built anew from what is left.

    The next `listen` or `backfill` reads them again. Of history far behind the head only some blocks are remembered by hash: then the
    nearest one before BLOCK becomes the newest.

    `datafeed rewind --to 19000000`
    """
    settings = _settings(context)
    with service.store(settings) as database:
        before, after = operations.rewind(settings, database, operations.chain(database, chain), to)
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
    settings = _settings(context)
    with service.store(settings) as database:
        found = compare(database, retention_1s_days=settings.retention_1s_days, on_step=_compared)
        if repair and found:
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
    """Bring the schema up to date and say what was applied. Other commands do the same when they start.

    Safe to repeat, and to run from several places at once.
    """
    settings = _settings(context)
    with open_database(settings) as database:
        applied = apply_schema(database, cluster=settings.clickhouse_cluster, retention_1s_days=settings.retention_1s_days)
    screen.out.print("\n".join(f"applied {name}" for name in applied) or "up to date")


@aside.command("list", epilog=EXIT_CODES)
def list_set_aside(
    context: typer.Context,
    chain: Chain = None,
    limit: Annotated[int, typer.Option(min=1, max=operations.MOST_SET_ASIDE, help="Logs to list, the oldest first.")] = 100,
) -> None:
    """List logs that could not become rows, with the reason. They are kept whole, and nothing else waits for them."""
    settings = _settings(context)
    with service.store(settings) as database:
        logs = operations.set_aside(database, operations.chain(database, chain), limit)
    rows = ((log.block_number, log.log_index, log.contract_address, (log.topics or ("",))[0][:10], log.reason) for log in logs)
    screen.table("Set aside", ("#block", "#log", "contract", "topic", "reason"), rows)


@aside.command(epilog=EXIT_CODES)
def retry(context: typer.Context, chain: Chain = None) -> None:
    """Try the logs again that were set aside: after a protocol file was mended, say.

    Where today's protocol files can read some of them, the store is rewound to before the first of those, and everything from there
    on is read again from RPC_URL: only so do later events find the state that these leave.
    """
    settings = _settings(context)
    require(settings, rpc_url=NEEDS_A_NODE)
    with service.store(settings) as database:
        chain_id = operations.chain(database, chain)
        logs = operations.set_aside(database, chain_id)
        readable = operations.readable(settings, database, logs)
        if readable:
            before, after = operations.rewind(settings, database, chain_id, readable[0].block_number - 1)
    screen.out.print(f"{len(readable)} of {len(logs)} logs can be read now")
    if readable and before:
        _read(settings, after.number + 1 if after else settings.start_block, before.number)


def main() -> None:
    """Run the command, and end the process with its exit code. Known errors are told, not traced."""
    try:
        app()
    except DatafeedError as error:
        if logging.getLogger().isEnabledFor(logging.DEBUG):
            logging.getLogger(__name__).exception("failed")
        screen.err.print(error.advice, markup=False)
        sys.exit(error.exit_code)


def _settings(context: typer.Context) -> Settings:
    settings = load_settings().model_copy(update=context.obj)
    logs.configure(settings)
    for doubt in doubts():
        logging.getLogger(__name__).warning(doubt)
    return settings


def _read(settings: Settings, first: int, last: int | None) -> None:
    """Read blocks *first* to *last* with a progress bar, and say what is stored then."""
    progress = screen.BackfillProgress()

    def reached(commit: Commit) -> None:
        progress.reached(commit.last_block, len(commit.batch.trades))

    async def work() -> None:
        with service.store(settings) as database:
            async with service.following(settings, database, start_block=first, on_commit=reached) as following:
                span = await operations.span(following, first, last)
                if span.first <= span.last:
                    progress.begin(*span)
                    with progress:
                        await service.run_all(following.job(span.last))
                stored = following.ledger.checkpoint()
        screen.out.print(f"stored up to block {stored.number}" if stored else "nothing is stored")

    service.run(work())


def _compared(step: str) -> None:
    logging.getLogger(__name__).debug("comparing %s", step)
