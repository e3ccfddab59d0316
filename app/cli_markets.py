"""The commands `datafeed markets`: which there are, everything known of one, and what people say of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.console import EXIT_CODES, as_text, settings_for
from app.domain.errors import DatafeedError
from app.ops import screen

if TYPE_CHECKING:
    from app.markets import Listed

MOST_LISTED = 10_000
"""Markets of one list."""

STRANGERS_NAMED = 20
"""Contracts without a market that are named; further ones are counted."""

COLUMNS = ("ticker", "symbol", "name", "tier", "#price", "#24 h volume", "last event", "protocol", "#chain", "contract", "active")

markets = typer.Typer(
    help="Markets: those found on the chain, and what a catalogue says of them. Alone, it lists them.",
    epilog=EXIT_CODES,
    invoke_without_command=True,
)


class UnknownMarket(DatafeedError):
    """No market has that ticker."""

    help = "`datafeed markets list TEXT` finds markets by a part of their ticker, symbol, name or description."


@markets.callback()
def choose(context: typer.Context) -> None:
    """Markets: those found on the chain, and what a catalogue says of them. Alone, it lists them."""
    if context.invoked_subcommand is None:
        list_markets(context)


@markets.command("list", epilog=EXIT_CODES)
def list_markets(
    context: typer.Context,
    text: Annotated[str, typer.Argument(callback=as_text, help="Part of a ticker, symbol, name or description; all where left out.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST_LISTED, help="Markets to list.")] = 100,
) -> None:
    """List the markets that were found on the chain, of those listed the ones with recent events first.

    `datafeed markets list btc`
    """
    from app import service
    from app.markets import listed

    settings = settings_for(context)
    with service.store(settings, writes=False) as database:
        found = listed(database, text, limit, thresholds=settings.tier_volumes, now=int(time.time()))
    if not found:
        screen.out.print(
            f"no market has {text} in its ticker, symbol, name or description" if text else "no market is stored yet", markup=False
        )
        return
    screen.table("Markets", COLUMNS, map(_row, found))


@markets.command("import", epilog=EXIT_CODES)
def import_markets(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A catalogue: .toml or .json.", metavar="FILE")],
) -> None:
    """Import a catalogue: what people want to know of markets, and the chain does not tell.

    An entry takes the place of what was said of its market before. With any mistake in the file, nothing is imported (exit code 2).

    `datafeed markets import markets.toml`
    """
    from app import service
    from app.markets import import_catalogue

    settings = settings_for(context)
    with service.store(settings) as database:
        done = import_catalogue(database, file)
    screen.out.print(f"{done.entries} imported")
    if done.strangers:
        more = len(done.strangers) - STRANGERS_NAMED
        named = ", ".join(done.strangers[:STRANGERS_NAMED]) + (f" and {more} more" if more > 0 else "")
        screen.out.print(f"{len(done.strangers)} of them are no markets yet: {named}", markup=False)


@markets.command(epilog=EXIT_CODES)
def show(
    context: typer.Context,
    ticker: Annotated[str, typer.Argument(callback=as_text, help="The ticker, in any case.", metavar="TICKER")],
) -> None:
    """Show everything that is known of a market, and its figures of the moment and of the last 24 hours.

    `datafeed markets show btc`
    """
    from app import service
    from app.facts import facts, figures
    from app.store.market_reader import MarketReader

    settings = settings_for(context)
    with service.store(settings, writes=False) as database:
        detail = MarketReader(database).detail(ticker)
        if detail is None:
            raise UnknownMarket(f"there is no market {ticker}")
        interval, now = settings.funding_interval_s, int(time.time())
        rows = [*facts(detail), *figures(database, detail, thresholds=settings.tier_volumes, funding_interval=interval, now=now)]
    screen.table(detail.ticker, ("what", "value"), rows)


def _row(row: Listed) -> tuple[object, ...]:
    listing = row.listing
    return (
        listing.ticker,
        listing.symbol,
        listing.name,
        row.tier,
        f"{row.price:.6g}",
        f"{row.volume_24h:,.0f}",
        screen.day(row.last_day),
        row.protocol,
        row.chain_id,
        row.contract,
        "" if listing.is_active else "no",
    )
