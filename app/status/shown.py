"""Figures as people read them. What is not known is a dash."""

from typing import Final

UNKNOWN: Final = "\N{EN DASH}"


def number(value: float | None, digits: int = 0) -> str:
    """With separators of thousands."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def rate(value: float | None) -> str:
    """So many a second: with a decimal where there are few."""
    return UNKNOWN if value is None else f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def share(value: float | None) -> str:
    """In percent."""
    return UNKNOWN if value is None else f"{value:.1%}".replace("%", " %")


def milliseconds(seconds: float | None) -> str:
    """A duration of which milliseconds matter."""
    return UNKNOWN if seconds is None else f"{seconds * 1_000:,.1f} ms" if seconds < 1 else f"{seconds:,.2f} s"


def duration(seconds: float | None) -> str:
    """A duration in its two greatest units."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    units = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    place = next(place for place, (unit, _) in enumerate(units) if whole >= unit)
    (unit, name), (lesser, lesser_name) = units[place], units[place + 1]
    rest = whole % unit // lesser
    return f"{whole // unit} {name}" + (f" {rest} {lesser_name}" if rest else "")
