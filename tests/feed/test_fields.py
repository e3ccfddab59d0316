"""Parameters that several endpoints take, as clients write them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from app.feed.fields import INTERVALS, Interval, Moment

MOMENT: TypeAdapter[int] = TypeAdapter(Moment)
INTERVAL: TypeAdapter[Interval] = TypeAdapter(Interval)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1704067200", 1_704_067_200),
        ("2024-01-01", 1_704_067_200),
        ("2024-01-01T00:00:00Z", 1_704_067_200),
        ("2024-01-01T00:00:00.000Z", 1_704_067_200),
        ("2024-01-01T01:00:00+01:00", 1_704_067_200),
        ("2024-01-01T01:00:00 01:00", 1_704_067_200),
        ("2024-01-01T00:00", 1_704_067_200),
        ("0", 0),
        ("-5", 0),
        ("9999999999", 2**32 - 1),
        ("2400-01-01", 2**32 - 1),
    ],
)
def test_moments(text: str, seconds: int) -> None:
    assert MOMENT.validate_python(text) == seconds


@pytest.mark.parametrize("text", ["", "now", "1704067200000", "2024-13-01", "2024-01-01T25:00", "1e9", "\uff11\uff17", "20240101T", "NaN"])
def test_moments_that_are_none(text: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(text)


def test_intervals_go_by_name_and_by_the_keys_of_charts() -> None:
    assert [INTERVAL.validate_python(name).name for name in INTERVALS] == list(INTERVALS)
    assert [INTERVAL.validate_python(key).name for key in ("1", "60", "D", "1M", "1m")] == ["1m", "1h", "1d", "1M", "1m"]
    with pytest.raises(ValidationError, match="must be one of 1s 1m 5m"):
        INTERVAL.validate_python("2m")
