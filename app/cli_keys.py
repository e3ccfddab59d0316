"""The commands `datafeed keys`: API keys for programs."""

import typer

from app.console import EXIT_CODES
from app.ops import screen

keys = typer.Typer(help="API keys for programs.", epilog=EXIT_CODES, no_args_is_help=True)


@keys.callback()
def keys_of() -> None:
    """API keys for programs."""


@keys.command(epilog=EXIT_CODES)
def new() -> None:
    """Print a new random API key, and its digest for API_KEYS_SHA256. The key is kept nowhere: show it to its program now."""
    from app.ops.access import key_digest, new_key

    key = new_key()
    screen.out.print(f"key     {key}", markup=False)
    screen.out.print(f"digest  {key_digest(key)}", markup=False)
