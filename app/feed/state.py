"""What the service's lifespan hands to every request."""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import NamedTuple, TypedDict

from app.cache.pages import CandlePages
from app.cache.tiered import Tiered
from app.domain.hint import Heed
from app.feed.directory import Directory
from app.feed.ready import Ready
from app.live.connections import Connections
from app.live.round import Done
from app.store.chart_desk import ChartDesk
from app.store.exports import Exports
from app.store.reader import Reader


class ChartLimits(NamedTuple):
    """Of what is saved: bytes of a content, characters of any other text; seconds in which it must arrive."""

    content: int
    text: int
    seconds: float


class State(TypedDict):
    """`max_bars` is the most bars of an answer of /history; others hold `max_limit` at most, `default_limit` where none is asked for.

    `marks_trade_size` is the volume, in quote currency, from which on a trade is marked; `funding_interval`, in seconds,
    is that of markets without one of their own. `export_max_rows` is the most candles of a file. `lists` keeps ready lists of markets
    for `list_seconds` at most; `tier_volumes` are the least volumes of the first tiers, descending. `heed` is told of blocks
    that may be new; `round` does one of the ticker's.
    """

    reader: Reader
    candles: CandlePages
    directory: Directory
    ready: Ready
    max_bars: int
    marks_trade_size: int
    funding_interval: int
    charts: ChartDesk
    charts_limits: ChartLimits
    default_limit: int
    max_limit: int
    exports: Exports
    export_max_rows: int
    lists: Tiered
    list_seconds: int
    tier_volumes: Sequence[Decimal]
    connections: Connections
    heed: Heed
    round: Callable[[], Awaitable[Done | None]]
