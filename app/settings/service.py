"""Settings of the HTTP service and of the log."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, DirectoryPath, Field, field_validator

from app.ops.spelling import CommaList, Level, Milliseconds, Origin

LIBRARY = "charting_library.standalone.js"
"""What TradingView's library is known by."""


class ServiceSettings(BaseModel):
    """HTTP and logs"""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0: every network.", examples=["0.0.0.0"])
    port: int = Field(8_000, ge=0, le=65_535, description="Port to listen on; 0: any that is free.")
    cors_origins: CommaList[Origin] = Field(
        ("*",),
        description="Origins whose pages may read the API, comma-separated; https://*.example.org: every subdomain; *: any.",
        examples=["https://charts.example.org,https://*.example.net"],
    )
    enable_tradingview_charts: bool = Field(True, description="Serve TradingView's UDF datafeed; off: its routes are not there.")
    enable_lightweight_charts: bool = Field(True, description="Serve JSON for Lightweight Charts; off: its routes are not there.")
    enable_realtime_streaming: bool = Field(True, description="Serve live updates over WebSockets; off: their routes are not there.")
    enable_page: bool = Field(
        True,
        description="Serve the pages /, /embed (with ENABLE_LIGHTWEIGHT_CHARTS), /tradingview (with ENABLE_TRADINGVIEW_CHARTS) and "
        "/status; off: they are not there.",
    )
    http_keep_alive_ms: Milliseconds = Field(
        75_000,
        description="Milliseconds after which a connection on which nothing is asked is closed. Longer than a proxy in front keeps its own "
        "(nginx a minute): who closes first must be the one that asks.",
    )
    tradingview_library_dir: DirectoryPath | None = Field(
        None,
        description="Folder with TradingView's charting_library.standalone.js, for the page /tradingview; empty: that says how to get it.",
        examples=["./charting_library"],
    )
    max_concurrent_queries: int = Field(10, ge=1, le=1_000, description="Queries of the API under way at once.")
    tradingview_max_bars: int = Field(
        20_000, ge=5_000, le=1_000_000, description="Bars in one answer of /history, at most; below 5000 charts would get holes."
    )
    http_default_limit: int = Field(600, ge=1, le=100_000, description="Bars in an answer that no limit was asked for (not /history).")
    http_max_limit: int = Field(5_000, ge=1, le=100_000, description="Bars in an answer, at most (not /history).")
    export_max_rows: int = Field(
        1_000_000, ge=1, le=100_000_000, description="Candles in a file, at most; what holds more is refused, never cut."
    )
    marks_trade_size: int = Field(
        100_000, ge=1, le=10**15, description="Volume, in quote currency, from which on a trade is marked on charts."
    )
    log_level: Level = Field("info", description="Least level that is logged: debug, info, warn or error; debug shows traces.")
    log_format: Literal["text", "json"] = Field("text", description="One readable line (text) or one JSON object (json) an event.")

    @field_validator("tradingview_library_dir")
    @classmethod
    def _library_is_one(cls, folder: Path | None) -> Path | None:
        if folder and not (folder / LIBRARY).is_file():
            raise ValueError(f"must be the folder that holds {LIBRARY}")
        return folder
