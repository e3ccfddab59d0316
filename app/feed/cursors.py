"""Where a page of markets ended, as text that programs pass back to read on from there."""

import base64
from math import isfinite
from typing import Any, Final

import orjson

from app.feed.failures import RequestError
from app.store.market_board import SYMBOL, Place

LONGEST: Final = 256
"""Characters of a cursor."""

_LAST_ID = 2**64 - 1


def cursor(sort: str, place: Place | None) -> str | None:
    """*place* in the order *sort* as text; None where there is none."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(orjson.dumps([sort, *place])).rstrip(b"=").decode()


def place(text: str | None, sort: str) -> Place | None:
    """The place that *text* was made from, None where there is no text; RequestError where it is none of the order *sort*."""
    if text is None:
        return None
    try:
        made_for, *values = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        if made_for == sort:
            return _place(sort, *values)
    except (TypeError, ValueError):
        pass
    raise RequestError(400, "cursor must be the next of an answer with the same sort")


def _place(sort: str, figure: Any, ticker: Any, market_id: Any) -> Place:
    """Of values that anybody may have made up."""
    if not isinstance(ticker, str) or type(market_id) is not int or not 0 <= market_id <= _LAST_ID:
        raise ValueError
    if ticker:
        return Place(None, ticker, market_id)
    if sort == SYMBOL or (figure is None and sort.endswith("volume")):
        raise ValueError
    if figure is not None and (type(figure) not in (int, float) or not isfinite(figure)):
        raise ValueError
    return Place(figure if figure is None else float(figure), "", market_id)
