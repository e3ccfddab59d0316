"""Which logs a filter lets through, and which filters are refused."""

from typing import Any

import pytest

from app.demo.events import Emitted
from app.demo.logfilter import EVERYTHING, LogFilter, hex_bytes, log_filter

CONTRACT, OTHER = f"0x{'aa' * 20}", f"0x{'bb' * 20}"
A, B, C = (f"0x{digit * 64}" for digit in "123")
LOG = Emitted(CONTRACT, (A, B), "0x")


@pytest.mark.parametrize(
    ("asked", "matches"),
    [
        ({}, True),
        ({"address": CONTRACT}, True),
        ({"address": CONTRACT.upper().replace("0X", "0x")}, True),
        ({"address": OTHER}, False),
        ({"address": [OTHER, CONTRACT]}, True),
        ({"address": []}, True),
        ({"topics": []}, True),
        ({"topics": None}, True),
        ({"topics": [A]}, True),
        ({"topics": [B]}, False),
        ({"topics": [[B, A]]}, True),
        ({"topics": [None, B]}, True),
        ({"topics": [[], B]}, True),
        ({"topics": [None, A]}, False),
        ({"topics": [A, [B, C]]}, True),
        ({"topics": [A, B, None]}, False),
        ({"address": CONTRACT, "topics": [[A, C], [None, C]]}, True),
        ({"address": OTHER, "topics": [A]}, False),
    ],
)
def test_a_log_matches_as_the_specification_says(asked: dict[str, Any], matches: bool) -> None:
    wanted = log_filter(asked)
    assert wanted.matches(LOG) is matches
    quick = wanted.matcher()
    assert (quick is None or quick(LOG)) is matches


def test_a_filter_of_everything_need_not_look() -> None:
    assert EVERYTHING.matcher() is None
    assert log_filter({}) == EVERYTHING == LogFilter()


@pytest.mark.parametrize(
    "asked",
    [
        {"address": 1},
        {"address": "0x12"},
        {"address": f"0x{'zz' * 20}"},
        {"address": [CONTRACT] * 5_001},
        {"topics": A},
        {"topics": [A] * 5},
        {"topics": [CONTRACT]},
        {"topics": [[[A]]]},
    ],
)
def test_nonsense_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"at most|hex"):
        log_filter(asked)


def test_hex_comes_back_in_lower_case() -> None:
    assert hex_bytes("0xABcd", 2) == "0xabcd"
