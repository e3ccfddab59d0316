"""What one query of the API may cost, and how the engine says that it cost more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from clickhouse_connect.driver.exceptions import DatabaseError

from app.domain.errors import DatafeedError

if TYPE_CHECKING:
    from app.settings import Settings

_TOO_LARGE = {158, 307, 396}
"""The engine's codes: rows to read, bytes to read, rows or bytes of the result."""

_TOO_SLOW = {159, 160}
"""The time is up, or will be before the query ends."""

_MEMORY = 241
_OF_THE_QUERY = re.compile(r"query memory limit|memory limit \(for query\)", re.IGNORECASE)
"""Of the engine's words where the query's own memory is used up, not the server's."""


class QueryTooLarge(DatafeedError):
    """A query would have read, or held, more than one query may."""

    help = "Ask for less at once, or raise QUERY_MAX_ROWS or QUERY_MAX_MEMORY_BYTES."


class QueryTooSlow(DatafeedError):
    """A query took longer than one query may."""

    help = "Ask for less at once, raise QUERY_MAX_SECONDS, or give the store more to work with."


def query_limits(settings: Settings) -> dict[str, int]:
    """The engine's settings that hold each query to what *settings* allow; 0 is no limit, as the engine has it."""
    return {
        "max_execution_time": settings.query_max_seconds,
        "max_memory_usage": settings.query_max_memory_bytes,
        "max_rows_to_read": settings.query_max_rows,
        "max_threads": settings.query_max_threads,
    }


def past_limit(error: BaseException) -> type[DatafeedError] | None:
    """The limit that a query met, where *error* is the engine saying so."""
    if not isinstance(error, DatabaseError):
        return None
    if error.code in _TOO_SLOW:
        return QueryTooSlow
    if error.code in _TOO_LARGE or (error.code == _MEMORY and _OF_THE_QUERY.search(str(error))):
        return QueryTooLarge
    return None
