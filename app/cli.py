"""The command `datafeed`: parse, call, print."""

import logging
import sys
import time
from functools import partial
from importlib.metadata import version
from typing import Annotated

import typer
from pydantic import SecretStr

from app import operations, service
from app.chain.protocol import load_protocols
from app.chain.wake import Wake
from app.cli_check import EXIT_CODES as CHECK_EXIT_CODES
from app.cli_check import check
from app.cli_keys import keys
from app.cli_markets import markets
from app.cli_set_aside import set_aside
from app.cli_setup import EXIT_CODES as SETUP_EXIT_CODES
from app.cli_setup import setup
from app.cli_store import queries, storage
from app.console import EXIT_CODES, Chain, node_settings_for, read_blocks, settings_for
from app.demo.catalogue import catalogue
from app.demo.chain import DemoChain
from app.demo.node import serving
from app.demo.saved import saved_genesis
from app.domain.errors import DatafeedError
from app.following import Pulse, listening
from app.life import say_what_starts
from app.main import create_app
from app.news import bus_of
from app.observing import beside
from app.ops import screen
from app.ops.reports import reporting
from app.parts import Parts
from app.settings import Settings
from app.settings.chain import SIMULATED
from app.settings.limits import WITHOUT_LIMITS
from app.store.catalogue import Catalogue
from app.store.client import open_database
from app.store.schema import migrate as apply_schema
from app.store.verify import verify as compare
from app.ticking import Ticking, ticker_settings

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


@app.command(epilog=EXIT_CODES)
def serve(
    context: typer.Context,
    with_listener: Annotated[bool, typer.Option("--all", help="Follow the chain at RPC_URL, too, in the same process.")] = False,
) -> None:
    """Serve the HTTP API on HOST and PORT, until stopped.

    A chart's address of the UDF datafeed is `http://HOST:PORT/api/tradingview`. On a ClickHouse server, `serve` and `listen` can be
    separate processes, and as many `serve` as needed; chDB belongs to one process, so there it is `serve --all`.

    `RPC_URL=https://node.example.org datafeed serve --all`
    """
    settings = node_settings_for(context) if with_listener else settings_for(context)
    say_what_starts("serve --all" if with_listener else "serve", settings)
    with reporting(settings), service.store(settings, writes=with_listener) as database:
        bus, parts, wake = bus_of(settings, database), Parts(), Wake()
        ticking = Ticking(settings, database, bus, parts)
        served = create_app(settings, database, bus, ticking.occupied, wake.hint if with_listener else None, parts)
        jobs = [service.server(served, settings, partial(_announced, settings)), *beside(settings, parts)]
        if with_listener:
            jobs += [listening(settings, database, on_commit=Pulse(), on_news=bus.publish, wake=wake, parts=parts), *ticking.jobs]
        service.run(service.run_all(*jobs, within=bus))


@app.command(epilog=EXIT_CODES)
def demo(
    context: typer.Context,
    seed: Annotated[int | None, typer.Option(min=1, help="What the chain is drawn from, at the first start; 1 where left out.")] = None,
    markets: Annotated[int | None, typer.Option(min=1, max=500, help="Markets on it, at the first start; 3 where left out.")] = None,
) -> None:
    """Run everything in one process on a simulated chain: thirty days of history, then a block every two seconds.

    The chain is kept with the data in DATA_DIR, and goes on at the next start. To begin anew, remove that folder. Nobody is limited in how
    often they ask.

    `PORT=9000 DATA_DIR=/tmp/demo datafeed demo --markets 20`
    """
    settings = settings_for(context)
    load_protocols(folder=settings.protocols_dir)
    say_what_starts("demo", settings)
    genesis = saved_genesis(settings.data_dir, seed=seed, markets=markets)
    chain = DemoChain(genesis)
    with reporting(settings), service.store(settings) as database:
        Catalogue(database).replace(catalogue(genesis))
        unlimited = settings.model_copy(update=WITHOUT_LIMITS)
        bus, parts, wake = bus_of(settings, database), Parts(), Wake()
        ticking = Ticking(settings, database, bus, parts)
        served = create_app(unlimited, database, bus, ticking.occupied, wake.hint, parts)
        jobs = [service.server(served, settings, partial(_announced, settings)), *beside(settings, parts), *ticking.jobs]

        async def work() -> None:
            async with serving(chain) as node:
                simulated = settings.model_copy(update=SIMULATED | {"rpc_url": (SecretStr(node.ws_url),)})
                screen.out.print(f"Simulated chain  {node.url}  (JSON-RPC)")
                writer = listening(simulated, database, on_commit=Pulse(), on_news=bus.publish, wake=wake, parts=parts)
                await service.run_all(*jobs, writer, within=bus)

        service.run(work())


@app.command(epilog=EXIT_CODES)
def listen(context: typer.Context) -> None:
    """Follow the chain at RPC_URL and store its markets' events, until stopped.

    Goes on from the newest stored block, or from START_BLOCK. Repairs reorganisations by itself. Waits while no node answers, and
    says so. A second listener on the same store waits until the first is gone. Ctrl-C and SIGTERM stop it without loss.

    `RPC_URL=wss://node.example.org datafeed listen`
    """
    settings = node_settings_for(context)
    say_what_starts("listen", settings)
    with reporting(settings), service.store(settings) as database:
        bus = bus_of(settings, database)
        parts = Parts(bus=bus)
        ticking = Ticking(settings, database, bus, parts)
        writer = listening(settings, database, on_commit=Pulse(), on_news=bus.publish, parts=parts)
        service.run(service.run_all(writer, *beside(settings, parts), *ticking.jobs, within=bus))


@app.command(epilog=EXIT_CODES)
def tick(context: typer.Context) -> None:
    """Push what changes to PUSHER_APP_ID and keep the active prices in Redis, beside `listen` and `serve`, until stopped.

    Hears of commits over Redis. Of all the tickers on a store, those inside `listen`, `serve --all` and `demo` among them, one leads; the
    others stand by, and one of them takes over when it is gone.

    `REDIS_URL=redis://redis.internal:6379/0 datafeed tick`
    """
    settings = settings_for(context)
    ticker_settings(settings)
    say_what_starts("tick", settings)
    with reporting(settings), service.store(settings, writes=False) as database:
        bus = bus_of(settings, database)
        parts = Parts(bus=bus, database=database)
        service.run(service.run_all(*Ticking(settings, database, bus, parts).jobs, *beside(settings, parts), within=bus))


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
    settings = settings_for(context)
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
    """Bring the schema up to date and say what was applied. Commands that write do the same when they start.

    Safe to repeat, and to run from several places at once.
    """
    settings = settings_for(context)
    with open_database(settings) as database:
        applied = apply_schema(
            database,
            cluster=settings.clickhouse_cluster,
            retention_1s_days=settings.retention_1s_days,
            retention_live_days=settings.retention_live_days,
        )
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


def _announced(settings: Settings, url: str) -> None:
    since = int(time.time()) - 86_400
    if settings.enable_page and settings.enable_lightweight_charts:
        screen.out.print(f"Page             {url}/")
    screen.out.print(f"UDF datafeed     {url}/api/tradingview")
    screen.out.print(f"Markets          {url}/api/tradingview/search?query=&type=&exchange=&limit=30")
    screen.out.print(
        f"A chart's data   {url}/api/tradingview/history?symbol=GOLD&resolution=1&from={since}&to={since + 86_460}&countback=300"
    )


def _compared(step: str) -> None:
    logging.getLogger(__name__).debug("comparing %s", step)
