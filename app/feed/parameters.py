"""Reads a request's parameters; whatever is wrong with one is said by its name."""

import re

from starlette.datastructures import QueryParams

from app.domain.resolution import RESOLUTIONS, Resolution, resolution
from app.feed.failures import UdfError

LONGEST_TEXT = 128
"""Characters of any parameter."""

END_OF_TIME = 253_402_300_799
"""Seconds: the end of the year 9999. Larger numbers are milliseconds by mistake."""

LAST_SECOND = 2**32 - 1
"""Of the stored times: in the year 2106."""

_WHOLE = re.compile(r"-?[0-9]{1,19}")


def text(parameters: QueryParams, name: str, longest: int = LONGEST_TEXT) -> str:
    """Parameter *name* without surrounding spaces; empty where it is missing."""
    value = parameters.get(name, "").strip()
    if len(value) > longest:
        raise UdfError(400, f"{name} is longer than {longest} characters")
    return value


def required(parameters: QueryParams, name: str, longest: int = LONGEST_TEXT) -> str:
    """Parameter *name*, which must not be empty."""
    value = text(parameters, name, longest)
    if not value:
        raise UdfError(400, f"{name} is missing")
    return value


def whole(parameters: QueryParams, name: str) -> int | None:
    """Parameter *name* as a whole number; None where it is missing."""
    value = text(parameters, name)
    if not value:
        return None
    if not _WHOLE.fullmatch(value):
        raise UdfError(400, f"{name} must be a whole number")
    return int(value)


def count(parameters: QueryParams, name: str) -> int | None:
    """Parameter *name* as a number of things, at least one; None where it is missing."""
    value = whole(parameters, name)
    if value is not None and value < 1:
        raise UdfError(400, f"{name} must be 1 or more")
    return value


def moment(parameters: QueryParams, name: str) -> int | None:
    """Parameter *name* as seconds since 1970, cut to the time that can be stored (charts ask for years before); None where missing."""
    value = whole(parameters, name)
    if value is None:
        return None
    if abs(value) > END_OF_TIME:
        raise UdfError(400, f"{name} must be in seconds since 1970, not milliseconds")
    return min(max(0, value), LAST_SECOND)


def chart_resolution(parameters: QueryParams) -> Resolution:
    """Parameter `resolution`."""
    try:
        return resolution(required(parameters, "resolution"))
    except KeyError:
        raise UdfError(400, f"resolution must be one of {' '.join(RESOLUTIONS)}") from None
