"""What the names of channels ask for: `market-GOLD`, `chart-GOLD-60`, `trades-GOLD`, `global-prices`, `private-user-0x…`."""

from typing import Final, NamedTuple

from app.domain.resolution import named

GLOBAL: Final = "global-prices"
MARKET: Final = "market-"
CHART: Final = "chart-"
TRADES: Final = "trades-"

USER: Final = "private-user-"
"""What the channels begin with that are one user's; the rest is the user's address."""

PREFIXES: Final = (MARKET, CHART, TRADES, GLOBAL, USER)


class Topic(NamedTuple):
    """Something of the market that charts call `symbol`: its bars at `resolution` (TradingView's key), or its trades where that is None."""

    symbol: str
    resolution: str | None
    event: str


def topic(channel: str) -> Topic | None:
    """What *channel* asks for; None where it is not of one market, or of no kind that there is."""
    if channel.startswith(MARKET):
        found = Topic(channel.removeprefix(MARKET), "1S", "price-update")
    elif channel.startswith(TRADES):
        found = Topic(channel.removeprefix(TRADES), None, "trade")
    elif channel.startswith(CHART):
        symbol, _, resolution = channel.removeprefix(CHART).rpartition("-")
        try:
            found = Topic(symbol, named(resolution).key, "chart-update")
        except KeyError:
            return None
    else:
        return None
    return found if found.symbol else None
