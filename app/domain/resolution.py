"""Chart resolutions: what the protocols call them, where their candles are stored, and where a bar begins."""

from dataclasses import dataclass
from datetime import UTC, datetime

DAY = 86_400
LONGEST_MONTH = 31 * DAY
_MONDAY = 4 * DAY
"""1970-01-01 was a Thursday: the first Monday came four days later."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """One resolution. `seconds` is the bar's length (of the shortest month for `1M`), `stored` the rollup it is read from.

    A bar begins at `offset + n * seconds`, or on the first of a month where `monthly`.
    """

    key: str
    name: str
    seconds: int
    stored: str
    offset: int = 0
    monthly: bool = False

    @property
    def table(self) -> str:
        return f"vamm_ohlcv_{self.stored}"

    def bar_start(self, time: int) -> int:
        """Start of the bar that holds *time*, both in seconds UTC."""
        if self.monthly:
            day = datetime.fromtimestamp(time, UTC)
            return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp())
        return time - (time - self.offset) % self.seconds

    def next_start(self, start: int) -> int:
        """Start of the bar after the one that begins at *start*."""
        return self.bar_start(start + LONGEST_MONTH) if self.monthly else start + self.seconds

    def back(self, start: int, bars: int) -> int:
        """Start of the bar *bars* before the one that begins at *start*; not before 1970."""
        if not self.monthly:
            return max(start % self.seconds, start - bars * self.seconds)
        day = datetime.fromtimestamp(start, UTC)
        months = max(0, (day.year - 1970) * 12 + day.month - 1 - bars)
        return int(datetime(1970 + months // 12, months % 12 + 1, 1, tzinfo=UTC).timestamp())


RESOLUTIONS = {
    resolution.key: resolution
    for resolution in (
        Resolution("1S", "1s", 1, "1s"),
        Resolution("1", "1m", 60, "1m"),
        Resolution("5", "5m", 300, "5m"),
        Resolution("15", "15m", 900, "15m"),
        Resolution("30", "30m", 1_800, "15m"),
        Resolution("60", "1h", 3_600, "1h"),
        Resolution("240", "4h", 14_400, "1h"),
        Resolution("1D", "1d", DAY, "1d"),
        Resolution("1W", "1w", 7 * DAY, "1d", offset=_MONDAY),
        Resolution("1M", "1M", 28 * DAY, "1d", monthly=True),
    )
}
"""By TradingView's key, finest first."""

STORED = ("1s", "1m", "5m", "15m", "1h", "1d")
"""Rollups kept in ClickHouse, each fed by the one before it."""

_ALIASES = {"S": "1S", "D": "1D", "W": "1W", "M": "1M"}


def resolution(key: str) -> Resolution:
    """The resolution TradingView calls *key* (`D`, `W`, `M` and `S` mean one of each); KeyError where there is none."""
    return RESOLUTIONS[_ALIASES.get(key, key)]


def named(name: str) -> Resolution:
    """The resolution called *name* (`1m`, `1M`), or by TradingView's key; KeyError where there is none."""
    return next((found for found in RESOLUTIONS.values() if found.name == name), None) or resolution(name)
