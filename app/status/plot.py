"""A row of values over the last hour as an SVG: drawn here, so that the page needs neither a library nor a script for it."""

import html
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

WIDTH: Final = 360
HEIGHT: Final = 72
ROOM: Final = 4
"""Above the greatest value and below the least."""

Point = tuple[float, float | None]
"""How many seconds ago, and the value; None where there is none: the line is broken there."""


def plot(points: Sequence[Point], said: str, *, span: float, most: float = 0.0) -> str:
    """The SVG of *points* over *span* seconds up to now, from 0 to the greatest value, or to *most* if that is more.

    *said* is for who cannot see it. It has no colours: the page's style has.
    """
    top = max([most, *(value for _, value in points if value is not None)]) or 1.0
    lines = [[_place(ago, value, span, top) for ago, value in piece] for piece in _pieces(points)]
    drawn = "".join(map(_drawn, lines))
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{html.escape(said)}">'
        f'<path class="rule" d="M0 {HEIGHT - ROOM}H{WIDTH}M0 {HEIGHT / 2:g}H{WIDTH}M0 {ROOM}H{WIDTH}"/>{drawn}</svg>'
    )


def _pieces(points: Sequence[Point]) -> Iterator[list[tuple[float, float]]]:
    for is_known, piece in groupby(points, lambda point: point[1] is not None):
        if is_known:
            yield [(ago, value or 0.0) for ago, value in piece]


def _place(ago: float, value: float, span: float, top: float) -> tuple[float, float]:
    x = WIDTH * (1 - min(max(ago / span, 0.0), 1.0))
    return round(x, 1), round(HEIGHT - ROOM - (HEIGHT - 2 * ROOM) * value / top, 1)


def _drawn(places: Sequence[tuple[float, float]]) -> str:
    first, last, base = places[0][0], places[-1][0], HEIGHT - ROOM
    line = f"M{first} {places[0][1]}" + "".join(f"L{x} {y}" for x, y in places[1:] or [(first - 1, places[0][1])])
    return f'<path class="area" d="{line}L{last} {base}L{first} {base}Z"/><path class="line" d="{line}"/>'
