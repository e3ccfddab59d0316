"""What is told of followed markets: states, not differences, so that who misses one is right again with the next."""

from typing import NamedTuple

from app.domain.bar import Bar
from app.domain.trade import Trade


class BarUpdate(NamedTuple):
    """The newest bar of a market at the resolution that TradingView calls `resolution`, as it is now.

    A `closed` one is final. It is told once, before a later bar is. `corrected` says that the bars before it may be others than they were,
    or were not told: read them anew. `bar` is None where none is left; such an update is always a correction.
    """

    market_id: int
    resolution: str
    bar: Bar | None
    closed: bool = False
    corrected: bool = False


class Traded(NamedTuple):
    """An event with a volume. Those before a correction need not have been told one by one."""

    trade: Trade


class Priced(NamedTuple):
    """A market's last price point changed; `before` is what was told last, None where nothing was."""

    market_id: int
    price: float
    before: float | None


Update = BarUpdate | Traded | Priced
