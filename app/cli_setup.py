"""The command `datafeed setup`: asks for credentials, tries each at once, writes `.env`, brings the schema up to date."""

from typing import Annotated

import typer

from app.checks.service import DEFAULT_SECONDS, Service
from app.cli_check import Seconds

EXIT_CODES = "Exit codes: 0 done, 1 something failed (nothing is written by then), 2 wrong usage, or a setting wrong or missing."


def setup(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Only check what is set, as `datafeed check` does. Writes nothing.")] = False,
    unattended: Annotated[
        bool, typer.Option("--non-interactive", help="Ask nothing: take the environment and .env, and fail where something is missing.")
    ] = False,
    skip: Annotated[
        list[Service] | None, typer.Option("--skip", metavar="SERVICE", help="Leave a service out; may be given several times.")
    ] = None,
    schema: Annotated[bool, typer.Option("--migrate/--no-migrate", help="Bring the schema of the ClickHouse server up to date.")] = True,
    sample: Annotated[
        bool | None,
        typer.Option("--sample-data/--no-sample-data", help="Load a day of a simulated chain into ClickHouse.", show_default=False),
    ] = None,
    seconds: Seconds = DEFAULT_SECONDS,
) -> None:
    """Set the cloud services up: ask for their credentials, try each at once, and write them to .env in this folder.

    Services can be left out, and the command can be run again: what is set is kept unless it is changed, other lines of .env stay as
    they are. What the environment has is taken from there, not asked for. Secrets are typed unseen and never printed. Then the schema
    of the ClickHouse server is brought up to date.

    `datafeed setup --non-interactive --skip sentry`
    """
    from app.setting_up import set_up

    set_up(context.obj, check=check, unattended=unattended, skip=skip or (), schema=schema, sample=sample, seconds=seconds)
