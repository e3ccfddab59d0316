"""Where a search looks for markets, the best places first; each is a range of a key or pruned by an index, at a million markets, too."""

import re
from collections.abc import Iterator

from app.store.client import Database, Parameters
from app.store.queries import query

SPARE = 8
"""Markets asked for beyond the limit: some may turn out to have had the text in an older version only."""

SCANNED = 2_048
"""Tickers ranked of those that begin with a text; or twice the limit, if that is more."""

_LIKE_A_TICKER = re.compile(r"[A-Z0-9_][A-Z0-9_.-]{0,22}")
"""A symbol that begins like this has a ticker that begins so, too: that is how tickers are made."""

_PATTERN = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


def candidates(database: Database, wanted: str, limit: int) -> Iterator[list[int]]:
    """Markets that may hold *wanted* (in capitals), a place at a time; the same market may come again. What they hold now is to be checked.

    A place names `limit + SPARE` at most. An empty text is found in tickers alone.
    """
    most = limit + SPARE
    yield _ids(database, "search_tickers", {"beginning": wanted, "scan": max(SCANNED, 2 * most), "limit": most})
    if not wanted:
        return
    literal = escaped(wanted)
    for place in ("search_symbols", "search_catalogue"):
        holding = _ids(database, place, {"pattern": f"%{literal}%", "limit": most})
        if len(holding) == most and not (place == "search_symbols" and _LIKE_A_TICKER.fullmatch(wanted)):
            # Not all, so those that begin with it may be missing: a line break comes before symbol, name and description.
            yield _ids(database, place, {"pattern": f"%\n{literal}%", "limit": most})
        yield holding


def escaped(text: str) -> str:
    """*text* as a part of a LIKE pattern that stands for nothing but itself."""
    return text.translate(_PATTERN)


def _ids(database: Database, name: str, parameters: Parameters) -> list[int]:
    return [int(market_id) for (market_id,) in database.rows(query(name), parameters)]
