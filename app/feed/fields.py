"""Types of parameters that several endpoints take."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, StringConstraints, WithJsonSchema

from app.domain.resolution import RESOLUTIONS, Resolution, named
from app.store.candle_reader import LAST_SECOND

LONGEST_TEXT = 128
"""Characters of any parameter."""

END_OF_TIME = 253_402_300_799
"""Seconds: the end of the year 9999. Larger numbers are milliseconds by mistake."""

INTERVALS = tuple(resolution.name for resolution in RESOLUTIONS.values())
"""Names of the resolutions, finest first."""

LIMIT = "How many, the newest ones; HTTP_DEFAULT_LIMIT where left out, HTTP_MAX_LIMIT at most."
"""Of parameters called so."""

_WHOLE = re.compile(r"-?[0-9]{1,19}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def interval(text: Any) -> Resolution:
    """The resolution called *text*: `1m`, or TradingView's `1`."""
    try:
        return named(str(text))
    except KeyError:
        raise ValueError(f"must be one of {' '.join(INTERVALS)}") from None


def moment(text: Any) -> int:
    """Seconds since 1970 of *text*: a whole number of them, a date, or an ISO time (UTC where it names no zone)."""
    value = str(text)
    if _WHOLE.fullmatch(value):
        seconds = int(value)
        if abs(seconds) > END_OF_TIME:
            raise ValueError("must be in seconds since 1970, not milliseconds")
    else:
        seconds = _written(value)
    return min(max(0, seconds), LAST_SECOND)


def _written(text: str) -> int:
    try:
        if _DAY.fullmatch(text):
            return int(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).timestamp())
        time = datetime.fromisoformat(text.replace(" ", "+"))  # a + in a URL is a space
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise ValueError("must be seconds since 1970, a date such as 2024-01-31, or a time such as 2024-01-31T12:00:00Z") from None


def whole(text: Any) -> Any:
    """*text* where it is a whole number as one writes it: without a point, an exponent or underscores."""
    if isinstance(text, str) and not _WHOLE.fullmatch(text):
        raise ValueError("must be a whole number")
    return text


Count = Annotated[int, Field(ge=1), BeforeValidator(whole)]
"""How many: one at least."""

Symbol = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=r"\S"),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": r"\S", "description": "A ticker, in any case."}
    ),
]
"""A ticker, in any case, or `EXCHANGE:TICKER`."""

Interval = Annotated[
    Resolution, PlainValidator(interval), WithJsonSchema({"type": "string", "enum": list(INTERVALS), "description": "Length of a bar."})
]

Moment = Annotated[
    int,
    PlainValidator(moment),
    WithJsonSchema(
        {
            "description": "Seconds since 1970, a date, or an ISO time.",
            "anyOf": [
                {"type": "integer", "minimum": -END_OF_TIME, "maximum": END_OF_TIME},
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ],
        }
    ),
]
