"""The command `datafeed check`: what the settings name, tried for real."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from app.checks.service import DEFAULT_SECONDS, Service
from app.console import settings_for
from app.ops import screen

if TYPE_CHECKING:
    from app.checks.all import Checked
    from app.settings import Settings

EXIT_CODES = "Exit codes: 0 nothing failed, 1 something did, 2 wrong usage or settings."

Seconds = Annotated[float, typer.Option("--timeout", min=0.1, max=600, metavar="SECONDS", help="Time for each service.")]

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "bold red", "unset": "dim"}
_CALLED = {"unset": "not set"}


def check(
    context: typer.Context,
    services: Annotated[
        list[Service] | None, typer.Argument(help="Services to check; all where none is named.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
    seconds: Seconds = DEFAULT_SECONDS,
    event: Annotated[bool, typer.Option("--send-event", help="Send an event to Sentry as well, to try the key.")] = False,
) -> None:
    """Try what the settings name, all at once, and say a line about each: ok, a warning or a failure with what to do next, or not set.

    ClickHouse (or the embedded engine's folder), Redis or Upstash, Pusher, the nodes of RPC_URL, and Sentry. In ClickHouse a table is made,
    written to, read and dropped, in Redis two keys. No secret is printed.

    `datafeed check clickhouse rpc --json`
    """
    found = checked(settings_for(context), services or (), seconds=seconds, event=event)
    if as_json:
        import orjson

        entries = [{"service": one.service, **asdict(one.found)} for one in found]
        screen.out.print(orjson.dumps({"ok": not failed(found), "findings": entries}).decode(), markup=False)
    else:
        tell(found)
    if failed(found):
        raise typer.Exit(1)


def checked(settings: Settings, names: Collection[Service] = (), *, seconds: float = DEFAULT_SECONDS, event: bool = False) -> list[Checked]:
    """What a check of the services *names* finds; a terminal shows that it is under way."""
    import asyncio

    from app.checks.all import run

    with screen.err.status("checking"):
        return asyncio.run(run(settings, names, seconds=seconds, event=event))


def failed(found: Iterable[Checked]) -> bool:
    """Whether anything did."""
    return any(one.found.level == "failed" for one in found)


def tell(found: Iterable[Checked]) -> None:
    """Print a line for each."""
    from rich.text import Text

    from app.ops.legible import legible

    for one in found:
        level = one.found.level
        screen.out.print(Text.assemble((f"{_CALLED.get(level, level):8} ", _COLOURS[level]), f"{one.service:11} ", legible(one.found.line)))
