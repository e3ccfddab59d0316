"""What an operator is shown of one market: what is known of it, and its figures, as names and values."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from app.domain.funding import next_funding
from app.domain.tier import tier
from app.ops import screen
from app.store.client import Database
from app.store.market_reader import MarketDetail
from app.store.state_reader import MarketFigures, StateReader
from app.store.stats_reader import MarketStats, StatsReader


def facts(detail: MarketDetail) -> Iterator[tuple[str, object]]:
    """Name and value of everything that is known; what is not is left out."""
    for name, value in detail._asdict().items():
        if name.endswith(("_timestamp", "_at")) and value:
            yield name.removesuffix("_timestamp").removesuffix("_at").replace("_", " "), f"{screen.moment(value)} UTC"
        elif name == "entry":
            for key in ("name", "description", "category", "base_asset", "quote_asset", "icon_url", "banner_url", "website_url"):
                if text := getattr(value, key, ""):
                    yield key.replace("_", " "), text
            for key in ("min_trade_size", "max_leverage", "fee_rate"):
                if (amount := getattr(value, key, None)) is not None:
                    yield key.replace("_", " "), _plain(amount)
            if seconds := getattr(value, "funding_interval", 0):
                yield "funding interval", f"{seconds} s"
        elif name == "is_active":
            yield "active", "yes" if value else "no"
        elif name == "starting_price":
            if value:
                yield "starting price", _plain(value)
        elif value not in ("", None):
            yield name.replace("_", " "), value


def figures(
    database: Database, market: MarketDetail, *, thresholds: Sequence[Decimal], funding_interval: int, now: int
) -> Iterator[tuple[str, object]]:
    """Name and value of a market's figures as of *now*, in seconds; what nothing has told yet is left out.

    *funding_interval*, in seconds, is that of a market whose entry in the catalogue has none.
    """
    day = StatsReader(database).of([market.market_id], now)[market.market_id]
    yield "tier", tier(day.volume, thresholds)
    state = StateReader(database).states([market.market_id]).get(market.market_id)
    if state:
        yield from _of_the_moment(state, (market.entry.funding_interval if market.entry else 0) or funding_interval, now)
    yield from _of_the_day(day)


def _of_the_moment(state: MarketFigures, interval: int, now: int) -> Iterator[tuple[str, object]]:
    if state.price is not None:
        yield "price", _plain(state.price)
    if state.index_price is not None:
        yield "index price", _plain(state.index_price)
    yield "open interest", _plain(state.open_interest)
    yield "long", _plain(state.long_size)
    yield "short", _plain(state.short_size)
    if state.long_short_ratio is not None:
        yield "long / short", f"{state.long_short_ratio:.6g}"
    if state.funding_rate is not None:
        yield "funding rate", _plain(state.funding_rate)
    if state.funding_time is not None:
        yield "funded", f"{screen.moment(state.funding_time)} UTC"
    if (following := next_funding(state.funding_time, interval, now)) is not None:
        yield "next funding", f"{screen.moment(following)} UTC"


def _of_the_day(day: MarketStats) -> Iterator[tuple[str, object]]:
    yield "24 h volume", f"{day.volume:,.2f}"
    if day.change is not None:
        ratio = "" if day.change_ratio is None else f" ({day.change_ratio:+.2%})"
        yield "24 h change", f"{day.change:+.6g}{ratio}"


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
