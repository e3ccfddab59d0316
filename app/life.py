"""The line of the log with which a process begins: what it is, and what is switched on."""

import logging
from collections.abc import Iterator
from importlib.metadata import version

from app.settings import Settings

logger = logging.getLogger(__name__)


def say_what_starts(command: str, settings: Settings) -> None:
    """Tell the log that *command* starts. No address, no secret."""
    logger.info("vamm-datafeed %s starts: %s; %s", version("vamm-datafeed"), command, "; ".join(switched_on(settings)))


def switched_on(settings: Settings) -> Iterator[str]:
    """What *settings* switch on, in words."""
    yield "store: " + ("a ClickHouse server" if settings.clickhouse_host else "chDB")
    redis = "Redis" if settings.redis_url.get_secret_value() else "Upstash" if settings.upstash_redis_rest_url else ""
    yield "cache: " + (f"memory and {redis}" if redis else "memory")
    surfaces = {
        "TradingView": settings.enable_tradingview_charts,
        "Lightweight Charts": settings.enable_lightweight_charts,
        "live updates": settings.enable_realtime_streaming,
    }
    yield "charts: " + (", ".join(name for name, is_on in surfaces.items() if is_on) or "for programs alone")
    if settings.enable_realtime_streaming:
        yield "Pusher: " + ("an app" if settings.pusher_app_id else "our own")
    yield "credentials: " + (", ".join(settings.auth_routes) or "none")
    if settings.sentry_dsn:
        yield "reports: Sentry"
