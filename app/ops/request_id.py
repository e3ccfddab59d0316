"""The id of the request at hand: what its answer, the log and a report of a fault have in common."""

import os
import re
from contextvars import ContextVar
from typing import Final

CURRENT: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""Empty outside of requests."""

_SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")


def identified(given: bytes | None) -> str:
    """The id *given* by a client or proxy where it is sane (64 letters, digits, `.`, `_`, `-` at most), else a new one."""
    return given.decode() if given and _SANE.fullmatch(given) else new_id()


def new_id() -> str:
    """Sixteen random hexadecimal digits."""
    return os.urandom(8).hex()
