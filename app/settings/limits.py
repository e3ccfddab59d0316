"""Settings of what clients may ask."""

from pydantic import BaseModel, Field

from app.ops.spelling import CommaList, Milliseconds, Network


class LimitSettings(BaseModel):
    """Limits"""

    rate_limit_requests: int = Field(1_000, ge=0, description="Requests of one client in a window, at most; 0: any number.")
    rate_limit_window_ms: Milliseconds = Field(60_000, description="Milliseconds of that window, in whole seconds.")
    rate_limit_history: int = Field(
        100, ge=0, le=1_000_000, description="Requests of one client for /history in a minute, times RATE_LIMIT_BURST; 0: any number."
    )
    rate_limit_ohlcv: int = Field(
        200, ge=0, le=1_000_000, description="The same for ohlcv, volume and candles, times RATE_LIMIT_BURST; 0: any number."
    )
    rate_limit_search: int = Field(50, ge=0, le=1_000_000, description="The same for /search, times RATE_LIMIT_BURST; 0: any number.")
    rate_limit_burst: int = Field(
        3,
        ge=1,
        le=100,
        description="Factor on the limits of single routes. TradingView's library sends up to 110 /history requests in its busiest "
        "minute (one a second, and fifty for opening charts and switching resolutions): 100 times 3 leaves room for two such charts "
        "(220) and a third of it to spare.",
    )
    trusted_proxies: CommaList[Network] = Field(
        (),
        description="Addresses or networks of proxies whose X-Forwarded-For is believed, comma-separated; empty: none.",
        examples=["10.0.0.0/8,fd00::/8"],
    )
    max_query_bytes: int = Field(8_192, ge=256, le=1_000_000, description="Bytes of a request's query string, at most.")
    max_body_bytes: int = Field(
        65_536, ge=0, le=1_000_000_000, description="Bytes of a request's body, at most; saved charts have a bound of their own."
    )


WITHOUT_LIMITS = {"rate_limit_requests": 0, "rate_limit_history": 0, "rate_limit_ohlcv": 0, "rate_limit_search": 0}
"""What lets everybody ask as often as they like."""
