"""Small line charts as SVG, side by side: how figures grow, over steps of equal factors."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 400, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 92, 40, 54
COLUMNS: Final = 2
COLOURS: Final = ("#2563a8", "#c2571a", "#6b7280")
"""Told apart without colour, too: each line is labelled at its end."""

STEPS: Final = (1, 2, 2.5, 5, 10)
"""Of which one, times a power of ten, is the distance of the lines across."""


class Panel(NamedTuple):
    """One chart: of each line as many figures as there are *steps* of what is named *across*, from zero up."""

    title: str
    across: str
    steps: Sequence[str]
    lines: Mapping[str, Sequence[float]]


def plot(panels: Sequence[Panel]) -> str:
    """*panels* in rows of two, as a document."""
    rows = -(-len(panels) // COLUMNS)
    size = f'width="{COLUMNS * WIDTH}" height="{rows * HEIGHT}"'
    charts = [
        f'<g transform="translate({place % COLUMNS * WIDTH} {place // COLUMNS * HEIGHT})">{_chart(panel)}</g>'
        for place, panel in enumerate(panels)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {COLUMNS * WIDTH} {rows * HEIGHT}" font-family="sans-serif">',
            '<rect width="100%" height="100%" fill="white"/>',
            *charts,
            "</svg>\n",
        ]
    )


def _chart(panel: Panel) -> str:
    distance = _distance(max(max(figures) for figures in panel.lines.values()))
    most = distance * (int(max(max(figures) for figures in panel.lines.values()) / distance) + 1)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x(step: int) -> float:
        return LEFT + (right - LEFT) * step / max(1, len(panel.steps) - 1)

    def y(figure: float) -> float:
        return bottom - (bottom - TOP) * figure / most

    drawn = [_text(LEFT, 20, panel.title, size=13, colour="#111827")]
    for number in range(round(most / distance) + 1):
        height = y(number * distance)
        drawn.append(f'<path d="M{LEFT} {height:.1f}H{right}" stroke="#e5e7eb"/>')
        drawn.append(_text(LEFT - 6, height + 4, f"{number * distance:,g}", anchor="end"))
    drawn.append(_text((LEFT + right) / 2, bottom + 36, panel.across, anchor="middle"))
    drawn += [_text(x(step), bottom + 18, name, anchor="middle") for step, name in enumerate(panel.steps)]
    ends = _apart([y(figures[-1]) for figures in panel.lines.values()])
    for (name, figures), colour, end in zip(panel.lines.items(), COLOURS, ends, strict=False):
        points = [(x(step), y(figure)) for step, figure in enumerate(figures)]
        drawn.append(f'<path d="M{" ".join(f"{a:.1f} {b:.1f}" for a, b in points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        drawn += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        last = f"{figures[-1]:,.0f}" if figures[-1] >= 100 else f"{figures[-1]:.3g}"
        drawn.append(_text(right + 8, end + 4, f"{name} {last}", colour=colour))
    return "".join(drawn)


def _distance(most: float) -> float:
    """A round number of which four or five reach *most*."""
    power = 1.0
    while power * 10 <= most / 4:
        power *= 10
    while power > most / 4:
        power /= 10
    return next(power * step for step in STEPS if power * step >= most / 5)


def _apart(heights: Sequence[float]) -> list[float]:
    """*heights* of labels, moved so that none covers another."""
    found = dict.fromkeys(range(len(heights)), 0.0)
    last = -100.0
    for place in sorted(found, key=heights.__getitem__):
        last = found[place] = max(heights[place], last + 14)
    return list(found.values())


def _text(x: float, y: float, text: str, *, size: int = 11, anchor: str = "start", colour: str = "#4b5563") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
