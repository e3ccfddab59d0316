"""Markets and the datafeed itself, described in the charting library's terms."""

from typing import Any, Final

from app.domain.precision import pricescale
from app.domain.resolution import RESOLUTIONS
from app.store.market_reader import Listing

EXCHANGE: Final = "VAMM"
TYPE: Final = "crypto"
CURRENCY: Final = "USD"

CONFIG: Final = {
    "supports_search": True,
    "supports_group_request": False,
    "supports_marks": True,
    "supports_timescale_marks": True,
    "supports_time": True,
    "supported_resolutions": list(RESOLUTIONS),
    "exchanges": [
        {"value": "", "name": "All exchanges", "desc": ""},
        {"value": EXCHANGE, "name": EXCHANGE, "desc": "Virtual AMM perpetual markets"},
    ],
    "symbols_types": [{"name": "All types", "value": ""}, {"name": "Crypto", "value": TYPE}],
    "currency_codes": [],
    "units": {},
}


def ticker(symbol: str) -> str:
    """The ticker in *symbol*, which may be a ticker or `EXCHANGE:NAME`."""
    exchange, _, name = symbol.rpartition(":")
    return name if exchange.upper() == EXCHANGE else symbol


def currency(listing: Listing) -> str:
    """What the market is quoted in."""
    return listing.quote_asset or CURRENCY


def base(listing: Listing) -> str:
    """What is traded in the market; its ticker where nobody said."""
    return listing.base_asset or listing.ticker


def symbol_info(listing: Listing, reference: float) -> dict[str, Any]:
    """The symbol object; *reference* is the price that decides its precision, 0 where it has none."""
    return {
        "name": listing.ticker,
        "ticker": listing.ticker,
        "description": description(listing),
        "type": TYPE,
        "session": "24x7",
        "timezone": "Etc/UTC",
        "exchange": EXCHANGE,
        "listed_exchange": EXCHANGE,
        "format": "price",
        "minmov": 1,
        "pricescale": pricescale(reference),
        "has_intraday": True,
        "intraday_multipliers": ["1", "5", "15", "30", "60", "240"],  # the client would build 240 from 60
        "has_seconds": True,
        "seconds_multipliers": ["1"],
        "has_daily": True,
        "daily_multipliers": ["1"],
        "has_weekly_and_monthly": True,
        "weekly_multipliers": ["1"],
        "monthly_multipliers": ["1"],
        "supported_resolutions": list(RESOLUTIONS),
        "volume_precision": 2,
        "data_status": "streaming",
        "visible_plots_set": "ohlcv",
        "currency_code": currency(listing),
    }


def search_result(listing: Listing) -> dict[str, str]:
    """One entry of a search's answer."""
    return {
        "symbol": listing.ticker,
        "full_name": f"{EXCHANGE}:{listing.ticker}",
        "description": description(listing),
        "exchange": EXCHANGE,
        "ticker": listing.ticker,
        "type": TYPE,
    }


def description(listing: Listing) -> str:
    """What charts show beside the ticker."""
    return listing.description or listing.name or listing.symbol
