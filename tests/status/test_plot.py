"""Plots: where their points are, where they are broken, and that they say what they show."""

import re
from xml.etree import ElementTree as ET

from app.status.plot import HEIGHT, ROOM, WIDTH, plot


def lines(svg: str) -> list[str]:
    """The paths of the plot's lines."""
    return [path.attrib["d"] for path in ET.fromstring(svg) if path.attrib["class"] == "line"]


def places(line: str) -> list[tuple[float, float]]:
    """The points of a path."""
    return [(float(x), float(y)) for x, y in (point.split() for point in re.split("[ML]", line)[1:])]


def test_points_are_at_their_time_and_height() -> None:
    (line,) = lines(plot([(100, 0.0), (50, 5.0), (0, 10.0)], "said", span=100))
    assert places(line) == [(0, HEIGHT - ROOM), (WIDTH / 2, HEIGHT / 2), (WIDTH, ROOM)]


def test_the_scale_reaches_to_what_it_has_to() -> None:
    (line,) = lines(plot([(100, 1.0), (0, 1.0)], "said", span=100, most=2.0))
    assert places(line) == [(0, HEIGHT / 2), (WIDTH, HEIGHT / 2)]
    (flat,) = lines(plot([(100, 0.0), (0, 0.0)], "said", span=100))
    assert {y for _, y in places(flat)} == {HEIGHT - ROOM}


def test_what_is_not_known_breaks_the_line() -> None:
    assert len(lines(plot([(4, 1.0), (3, 2.0), (2, None), (1, 2.0)], "said", span=4))) == 2
    assert lines(plot([(2, None)], "said", span=4)) == []


def test_older_points_are_at_the_edge() -> None:
    (line,) = lines(plot([(900, 1.0), (0, 1.0)], "said", span=100))
    assert places(line)[0][0] == 0


def test_it_is_told_to_who_cannot_see_it() -> None:
    svg = plot([], 'a < "b"', span=1)
    assert ET.fromstring(svg).attrib["aria-label"] == 'a < "b"'
    assert not re.search(r"style=|fill=|stroke=", svg)  # the page's policy has no place for them
