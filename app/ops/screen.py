"""What commands draw on the terminal: tables, and the progress of a backfill."""

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from app.ops.legible import legible

MOST_ROWS = 200
"""Rows of a table that are drawn; further ones are counted."""

LONGEST_CELL = 200
"""Characters of a cell: symbols have up to a thousand."""

PIPE_WIDTH = 200
"""Columns of a table that no terminal bounds."""

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Draw *rows*; a column whose name begins with `#` holds numbers and is aligned to the right."""
    drawn = Table(title=title, title_justify="left")
    for column in columns:
        drawn.add_column(Text(column.removeprefix("#")), justify="right" if column.startswith("#") else "left", overflow="fold")
    more = 0
    for row in rows:
        if drawn.row_count < MOST_ROWS:
            drawn.add_row(*(_cell(cell) for cell in row))
        else:
            more += 1
    out.print(drawn, soft_wrap=False)
    if more:
        out.print(f"and {more} more")


def complain(text: str) -> None:
    """Say on standard error what went wrong; *text* may have several lines, and what others wrote in it."""
    for line in text.split("\n"):
        err.print(legible(line), markup=False)


def moment(seconds: int) -> str:
    """A time in seconds since 1970 as people read it, UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def day(seconds: int) -> str:
    """A day by any of its seconds since 1970, UTC; empty for 0."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}" if seconds else ""


def _cell(value: object) -> Text:
    text = legible(str(value)[: LONGEST_CELL + 1])
    return Text(text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…")


class BackfillProgress:
    """A line that tells blocks done of all, events, events a second, and the time left. A context manager."""

    def __init__(self) -> None:
        self._first = 0
        self._progress = Progress(
            TextColumn("blocks"), BarColumn(), MofNCompleteColumn(), _Events(), TimeRemainingColumn(), console=err, speed_estimate_period=30
        )
        self._task = self._progress.add_task("backfill", total=None, events=0)

    def begin(self, first: int, last: int) -> None:
        """Blocks *first* to *last*, both included, are to be read."""
        self._first = first
        self._progress.update(self._task, total=last - first + 1)

    def reached(self, block: int, events: int) -> None:
        """Everything up to *block* is stored, with *events* more than before."""
        done = self._progress.tasks[0].fields["events"] + events
        self._progress.update(self._task, completed=max(0, block - self._first + 1), events=done)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class _Events(ProgressColumn):
    def render(self, task: Task) -> Text:
        events = task.fields["events"]
        return Text(f"{events:,} events, {events / max(task.elapsed or 0, 1e-3):,.0f}/s")
