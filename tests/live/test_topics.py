"""What channels ask for."""

import pytest

from app.live.pusher.protocol import is_channel
from app.live.topics import Topic, topic


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("market-GOLD", Topic("GOLD", "1S", "price-update")),
        ("market-gold-PERP", Topic("gold-PERP", "1S", "price-update")),
        ("chart-GOLD-60", Topic("GOLD", "60", "chart-update")),
        ("chart-GOLD-1h", Topic("GOLD", "60", "chart-update")),
        ("chart-GOLD-PERP-1M", Topic("GOLD-PERP", "1M", "chart-update")),
        ("chart-GOLD-1m", Topic("GOLD", "1", "chart-update")),
        ("trades-GOLD", Topic("GOLD", None, "trade")),
        ("chart-GOLD", None),
        ("chart-GOLD-7", None),
        ("chart--60", None),
        ("market-", None),
        ("global-prices", None),
        ("private-user-0xabc", None),
    ],
)
def test_a_channels_name_says_what_is_pushed(channel: str, expected: Topic | None) -> None:
    assert is_channel(channel)
    assert topic(channel) == expected
