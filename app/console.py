"""What the commands share: their settings, their options, and reading a span of blocks with a progress bar."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Annotated

import typer

from app.domain.errors import DatafeedError
from app.ops import screen

if TYPE_CHECKING:
    from app.chain.gathering import Commit
    from app.settings import Settings
    from app.store.client import Database

EXIT_CODES = "Exit codes: 0 done, 1 failed (the last line says why), 2 wrong usage or settings."
NEEDS_A_NODE = "it is the node to read the chain from"

Chain = Annotated[int | None, typer.Option(metavar="ID", help="Chain id, where several chains are stored.")]


class NoText(DatafeedError):
    """An argument cannot be read as text."""

    help = "Terminals that write UTF-8 give arguments that can be."
    exit_code = 2


class Stopped(DatafeedError):
    """Stopped before the end; what was read is stored."""

    help = "`datafeed backfill` goes on from there."


def as_text(value: str) -> str:
    """*value* as it is: an argument that stands for a text. NoText where its bytes are no UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise NoText(f"{value} is no UTF-8 text") from None
    return value


def settings_for(context: typer.Context) -> Settings:
    """The settings, with the command line's own; from here on the log is as they say."""
    from app.ops import logs
    from app.settings import doubts, load_settings

    settings = load_settings().model_copy(update=context.obj)
    logs.configure(settings)
    for doubt in doubts():
        logging.getLogger(__name__).warning(doubt)
    return settings


def node_settings_for(context: typer.Context) -> Settings:
    """The settings of a command that reads a chain: there is a node, and the protocols can be used."""
    from app.chain.protocol import load_protocols
    from app.settings import require

    settings = settings_for(context)
    require(settings, rpc_url=NEEDS_A_NODE)
    load_protocols(settings.protocols, settings.protocols_dir)
    return settings


def read_blocks(settings: Settings, first: int | None, last: int | None, *, again: bool = False) -> None:
    """Read blocks *first* to *last* with a progress bar, and say what is stored then.

    None is where the store ends, and the head. With *again*, what is stored from *first* on is taken back before.
    """
    from app import operations, service
    from app.following import following
    from app.news import bus_of

    progress = screen.BackfillProgress()
    ended = False

    def reached(commit: Commit) -> None:
        progress.reached(commit.last_block, commit.batch.count)

    async def work(database: Database) -> None:
        nonlocal ended
        bus = bus_of(settings, database)
        async with bus, following(settings, database, start_block=first, on_commit=reached, on_news=bus.publish) as followed:
            to = await operations.take_back(followed, first, last) if again and first is not None else last
            span = await operations.span(followed, first, to)
            if span.first <= span.last:
                progress.begin(*span)
                with progress:
                    await followed.listener.run(span.last)
            stored = await asyncio.to_thread(followed.ledger.checkpoint)
        ended = True
        screen.out.print(f"stored up to block {stored.number}" if stored else "nothing is stored")

    with service.store(settings) as database:
        service.run(service.run_all(lambda stop: service.until(stop, work(database))))
    if not ended:
        raise Stopped
