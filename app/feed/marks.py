"""Marks of the charting library: on bars and on the time scale."""

from decimal import Decimal
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from app.domain.precision import decimals
from app.feed import parameters as read
from app.feed.answering import json
from app.feed.asking import asked_market
from app.feed.failures import UdfError
from app.feed.state import State
from app.store.candle_reader import Series
from app.store.mark_reader import Kind, Marked

_LABELS: Final[dict[Kind, str]] = {"liquidation": "L", "trade": "T", "created": "N", "funding": "F", "opened": "A", "stopped": "X"}
_COLORS: Final[dict[Kind, str]] = {
    "liquidation": "red", "trade": "blue", "created": "blue", "funding": "yellow", "opened": "green", "stopped": "red",
}  # fmt: skip
_SIDES: Final = {"buy": "green", "sell": "red", None: "blue"}
_SIZES: Final[dict[Kind, int]] = {"liquidation": 24, "trade": 20, "created": 20, "funding": 14}
"""Pixels across, at least: the more important, the larger."""


async def marks(request: Request[State]) -> Response:
    """What happened in the bars from `from` to `to`, each mark at its bar's beginning: an array, by time."""
    series, since, until = await _asked(request)
    trade_size, standing = request.state["marks_trade_size"], request.state["candles"].known(series.market_id)
    found = await request.state["reader"].steady(series.market_id, lambda store: store.marks.marks(series, since, until, trade_size))
    answer = json([_mark(series.market_id, mark) for mark in found])
    return request.state["ready"].put(request, series.market_id, standing, answer)


async def timescale_marks(request: Request[State]) -> Response:
    """Funding updates and changes of the market's status in those bars: an array, by time."""
    series, since, until = await _asked(request)
    standing = request.state["candles"].known(series.market_id)
    found = await request.state["reader"].steady(series.market_id, lambda store: store.marks.timescale_marks(series, since, until))
    answer = json([_timescale_mark(series.market_id, mark) for mark in found])
    return request.state["ready"].put(request, series.market_id, standing, answer)


async def _asked(request: Request[State]) -> tuple[Series, int, int]:
    query = request.query_params
    resolution = read.chart_resolution(query)
    since, until = read.moment(query, "from"), read.moment(query, "to")
    if since is None or until is None:
        raise UdfError(400, f"{'from' if since is None else 'to'} is missing")
    if since > until:
        raise UdfError(400, "from must not be after to")
    return Series((await asked_market(request)).market_id, resolution), since, until


def _mark(market_id: int, mark: Marked) -> dict[str, Any]:
    return {
        "id": _id(market_id, mark),
        "time": mark.bar,
        "color": _SIDES[mark.side] if mark.kind == "trade" else _COLORS[mark.kind],
        "text": _text(mark),
        "label": _LABELS[mark.kind],
        "labelFontColor": "black" if mark.kind == "funding" else "white",
        "minSize": _SIZES[mark.kind],
    }


def _timescale_mark(market_id: int, mark: Marked) -> dict[str, Any]:
    return {
        "id": _id(market_id, mark),
        "time": mark.bar,
        "color": _COLORS[mark.kind],
        "label": _LABELS[mark.kind],
        "tooltip": [_text(mark)],
    }


def _id(market_id: int, mark: Marked) -> str:
    """The same for the same event, whenever and for whatever range it is asked for."""
    return f"created-{market_id}" if mark.kind == "created" else f"{mark.kind}-{mark.place}"


def _text(mark: Marked) -> str:
    match mark.kind:
        case "liquidation":
            side = {True: "Long liquidated", False: "Short liquidated", None: "Liquidation"}[mark.is_long]
            return f"{side}: {_dealt(mark)}"
        case "trade":
            return f"{(mark.side or 'trade').capitalize()}: {_dealt(mark)}"
        case "funding":
            return f"Funding rate {(mark.funding_rate or Decimal(0)) * 100:.4f} %"
        case "created":
            return "Market created"
        case "opened":
            return "Market active"
        case "stopped":
            return "Market inactive"


def _dealt(mark: Marked) -> str:
    amount = f"{mark.amount:,.2f}"
    return amount if mark.price is None else f"{amount} at {mark.price:.{decimals(float(mark.price))}f}"
