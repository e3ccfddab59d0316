"""What the commands share: their settings, their options, and reading a span of blocks with a progress bar."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from app import operations, service
from app.ops import logs, screen
from app.settings import Settings, doubts, load_settings

if TYPE_CHECKING:
    from app.chain.listener import Commit

EXIT_CODES = "Exit codes: 0 done, 1 failed (the last line says why), 2 wrong usage or settings."
NEEDS_A_NODE = "it is the node to read the chain from"

Chain = Annotated[int | None, typer.Option(metavar="ID", help="Chain id, where several chains are stored.")]


def settings_for(context: typer.Context) -> Settings:
    """The settings, with the command line's own; from here on the log is as they say."""
    settings = load_settings().model_copy(update=context.obj)
    logs.configure(settings)
    for doubt in doubts():
        logging.getLogger(__name__).warning(doubt)
    return settings


def read_blocks(settings: Settings, first: int, last: int | None) -> None:
    """Read blocks *first* to *last* with a progress bar, and say what is stored then; None is the head."""
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
