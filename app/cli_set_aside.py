"""The commands `datafeed set-aside`: logs that could not become rows."""

from typing import Annotated

import typer

from app.console import EXIT_CODES, Chain, node_settings_for, read_blocks, settings_for
from app.ops import screen

MOST_LISTED = 10_000
"""Logs of one list."""

set_aside = typer.Typer(help="Logs that could not become rows: what they are, and another try.", epilog=EXIT_CODES, no_args_is_help=True)


@set_aside.command("list", epilog=EXIT_CODES)
def list_set_aside(
    context: typer.Context,
    chain: Chain = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_LISTED, help="Logs to list, the oldest first.")] = 100,
) -> None:
    """List logs that could not become rows, with the reason. They are kept whole, and nothing else waits for them."""
    from app import operations, service

    settings = settings_for(context)
    with service.store(settings, writes=False) as database:
        logs = operations.set_aside(database, operations.chain(database, chain), limit)
    if not logs:
        screen.out.print("nothing is set aside")
        return
    rows = ((log.block_number, log.log_index, log.contract_address, (log.topics or ("",))[0][:10], log.reason) for log in logs)
    screen.table("Set aside", ("#block", "#log", "contract", "topic", "reason"), rows)


@set_aside.command(epilog=EXIT_CODES)
def retry(context: typer.Context, chain: Chain = None) -> None:
    """Try the logs again that were set aside: after a protocol file was mended, say.

    Where today's protocol files can read some of them, the store is rewound to before the first of those, and everything from there
    on is read again from RPC_URL: only so do later events find the state that these leave.
    """
    from app import operations, service

    settings = node_settings_for(context)
    with service.store(settings) as database:
        chain_id = operations.chain(database, chain)
        logs = operations.set_aside(database, chain_id)
        readable = operations.readable(settings, database, logs)
        if readable:
            before, after, begun = operations.rewind(settings, database, chain_id, readable[0].block_number - 1)
    screen.out.print(f"{len(readable)} of {len(logs)} logs can be read now")
    if readable and before:
        read_blocks(settings, after.number + 1 if after else begun, before.number)
