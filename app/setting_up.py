"""Setting the cloud services up: asking for credentials, trying each at once, writing `.env`, bringing the schema up to date."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import typer

from app.checks.service import Service
from app.cli_check import checked, failed, tell
from app.domain.errors import DatafeedError
from app.ops import logs, screen
from app.ops.mistakes import SettingsError, misspelt
from app.settings import ENV_FILE, Settings, settings_of
from app.setup import env_file
from app.setup.groups import GROUPS, NAMES, Asked, Group
from app.store.client import Database, open_database
from app.store.schema import migrate_as_set

Values = dict[str, str]
"""By the names of variables; none is empty."""


class NoTerminal(DatafeedError):
    """There is no terminal to ask at."""

    help = "Set the variables and use --non-interactive, or --check to check alone."
    exit_code = 2


class NoPlaceForSample(DatafeedError):
    """Sample data is loaded into the ClickHouse server that is set up, and nowhere else."""

    help = "Leave --sample-data out, or else --check, --no-migrate and --skip clickhouse."
    exit_code = 2


class NotReady(DatafeedError):
    """Something failed, so nothing was written."""

    help = "Mend what the lines above say, or leave a service out with --skip."


def set_up(
    options: Mapping[str, Any],
    *,
    check: bool,
    unattended: bool,
    skip: Collection[Service],
    schema: bool,
    sample: bool | None,
    seconds: float,
) -> None:
    """What `datafeed setup` does, with the settings that the command line has for itself in *options*."""
    if sample and (check or not schema or Service.CLICKHOUSE in skip):
        raise NoPlaceForSample
    stored = env_file.read(ENV_FILE)
    given = {name.upper(): value for name, value in os.environ.items() if value}
    wanted = [group for group in GROUPS if group.service not in skip]
    before = stored | given
    _configure(options, before)
    if check:
        found = checked(settings_of(before), [group.service for group in wanted], seconds=seconds)
        tell(found)
        raise typer.Exit(1 if failed(found) else 0)
    if unattended:
        values, well = _taken(wanted, before, seconds)
    elif sys.stdin.isatty():
        values, well = _asked_for(wanted, stored, given, seconds)
    else:
        raise NoTerminal
    _write(values)
    if Service.CLICKHOUSE in well and values.get("CLICKHOUSE_HOST"):
        _prepare(settings_of(before | values), schema=schema, sample=sample, ask=not unattended)
    screen.out.print("Next: `datafeed serve --all`, or `datafeed serve` and `datafeed listen` apart. `datafeed check` checks again.")


def _configure(options: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Log as the settings say; SettingsError where one is wrong that nothing is asked about, so that nothing would mend it."""
    others = {name: value for name, value in values.items() if name not in NAMES}
    logs.configure(settings_of(others).model_copy(update=options))
    for doubt in misspelt(values, Settings.model_fields):
        logging.getLogger(__name__).warning(doubt)


def _taken(wanted: Iterable[Group], values: Mapping[str, str], seconds: float) -> tuple[Values, set[Service]]:
    """The values of all that is *wanted*, and the services, all tried with success."""
    groups = list(wanted)
    missing = [
        f"{asked.name}: is not set. {group.where} (--skip {group.service} does without)"
        for group in groups
        for asked in group.asked
        if asked.needed and not values.get(asked.name)
    ]
    if missing:
        raise SettingsError(missing)
    services = {group.service for group in groups}
    found = checked(settings_of(values), services, seconds=seconds)
    tell(found)
    if failed(found):
        raise NotReady
    return {asked.name: values[asked.name] for group in groups for asked in group.asked if values.get(asked.name)}, services


def _asked_for(wanted: Iterable[Group], stored: Values, given: Values, seconds: float) -> tuple[Values, set[Service]]:
    """What is answered at the terminal, and the services that were tried with success."""
    screen.out.print("Enter keeps what is set, and leaves out what is not; a single - takes it out. Secrets are not shown as you type.")
    others = {name: value for name, value in (stored | given).items() if name not in NAMES}
    values: Values = {}
    well: set[Service] = set()
    for group in wanted:
        screen.out.print(f"\n[bold]{group.title}[/bold]  {group.purpose}\n{group.where}")
        current = {asked.name: (stored | given).get(asked.name, "") for asked in group.asked}
        kept = dict(current)
        while True:
            current = _ask(group, current, given)
            if mistake := _mistake(group, others | values | current):
                if all(asked.name in given for asked in group.asked):  # nobody was asked, so nobody can mend it here
                    raise mistake
                screen.complain(str(mistake))
                continue
            if not current[group.asked[0].name]:
                screen.out.print("left out")
                break
            found = checked(settings_of(others | values | current), [group.service], seconds=seconds)
            tell(found)
            if not failed(found):
                well.add(group.service)
                break
            choice = _choose("Change it (c), keep it as it is (k), or leave it as it was (l)?", "ckl")
            if choice != "c":
                current = kept if choice == "l" else current
                break
        values |= current
    return values, well


def _ask(group: Group, current: Values, given: Mapping[str, str]) -> Values:
    """The values of *group*, asked for where the environment has none; without its first one the others are not asked for."""
    answers: Values = {}
    for asked in group.asked:
        if asked.name in given:
            screen.out.print(f"{asked.name}: from the environment")
            answers[asked.name] = given[asked.name]
            continue
        answers[asked.name] = _answer(asked, current.get(asked.name, ""))
        if asked is group.asked[0] and not answers[asked.name]:  # taken out with all that goes with it, or never there
            return answers | {other.name: "" if current[asked.name] else current[other.name] for other in group.asked[1:]}
    return answers


def _answer(asked: Asked, current: str) -> str:
    """What is typed: *current* where that is nothing, nothing where it is `-`."""
    shown = "set" if asked.secret or "@" in current else current  # a password may be where it should not
    prompt = f"{asked.name} ({asked.what})" + (f" [{shown}]" if current else "")
    typed = str(typer.prompt(prompt, default="", show_default=False, hide_input=asked.secret)).strip()
    return "" if typed == "-" else typed or current


def _mistake(group: Group, values: Mapping[str, str]) -> DatafeedError | None:
    """What makes *values* no settings, or *group*'s nothing that the file can hold."""
    try:
        settings_of(values)
        for asked in group.asked:
            env_file.quoted(asked.name, values.get(asked.name, ""))
    except (SettingsError, env_file.Unwritable) as error:
        return error
    return None


def _choose(question: str, choices: str) -> str:
    while True:
        typed = str(typer.prompt(question, default=choices[0])).strip().lower()
        if re.fullmatch(f"[{choices}]", typed):
            return typed


def _write(values: Values) -> None:
    if changed := env_file.write(ENV_FILE, values):
        screen.out.print(f"\n{Path(ENV_FILE)} is written, for its owner alone to read: {', '.join(changed)}")
    else:
        screen.out.print(f"\n{Path(ENV_FILE)} is as it was")


def _prepare(settings: Settings, *, schema: bool, sample: bool | None, ask: bool) -> None:
    """Bring the schema up to date, and load the sample: asked for where nothing was said."""
    if not schema or (ask and not typer.confirm(f"Bring the schema of {settings.clickhouse_database} up to date now?", default=True)):
        return
    with open_database(settings) as database:
        applied = migrate_as_set(database, settings)
        screen.out.print(f"schema: {len(applied)} objects applied" if applied else "schema: up to date")
        if sample is None and ask:
            sample = typer.confirm("Load a day of sample data, three markets called SAMPLE-…?", default=False)
        if sample:
            _load(settings, database)


def _load(settings: Settings, database: Database) -> None:
    from app.sample import TAKEN_OUT, load  # with all that a listener is made of

    with screen.err.status("loading"):
        rows = asyncio.run(load(settings, database))
    screen.out.print(f"sample data: {'is there already' if rows is None else f'{rows} events'}; {TAKEN_OUT}")
