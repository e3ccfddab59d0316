"""The commands `datafeed markets`, as people run them."""

import re
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.domain.fixed import ONE
from app.domain.market import market_id
from app.store import rows
from app.store.client import embedded_database
from app.store.schema import migrate
from tests.feed.points import add_market
from tests.store.rows import CHAIN, trade
from tests.test_cli import Command

GOLD, SILVER = f"0x{1:040x}", f"0x{2:040x}"
CATALOGUE = f"""
[[market]]
contract = "{GOLD}"
chain_id = {CHAIN}
name = "Gold [bold]"
icon_url = "https://icons.example/gold.svg"
fee_rate = 0.0005
funding_interval = 3600

[[market]]
contract = "{SILVER}"
chain_id = {CHAIN}
name = "Silver"
"""


def test_markets_are_described_listed_and_shown(tmp_path: Path) -> None:
    datafeed = Command(tmp_path)
    assert datafeed("markets")[0] == "no market is stored yet\n"
    (tmp_path / "data" / "clickhouse").mkdir(parents=True, exist_ok=True)
    program = (
        "from tests.test_cli_markets import fill\n"
        "fill('data/clickhouse')\n"
    )  # fmt: skip
    datafeed.python("-c", program)
    (tmp_path / "markets.toml").write_text(CATALOGUE)
    assert datafeed("markets", "import", "markets.toml")[0] == f"2 imported\n1 of them are no markets yet: {SILVER}\n"

    for command in (("markets",), ("markets", "list", "fine", "--limit", "1")):
        out = datafeed(*command)[0]
        assert "Gold [bold]" in out
        assert "tier4" in out
    assert datafeed("markets", "list", "silver")[0] == "no market has silver in its ticker, symbol, name or description\n"

    out = datafeed("markets", "show", "gold")[0]
    for text in ("Fine gold", "0.0005", "3600 s", "https://icons.example/gold.svg", GOLD, "2000.5", "tier4"):
        assert text in out
    figures = dict(re.findall(r"│ (.+?) +│ (.+?) +│", out))
    told = {name: figures[name] for name in ("price", "open interest", "long", "short", "long / short", "funding rate", "24 h volume")}
    assert told == {
        "price": "2100", "open interest": "50", "long": "40", "short": "10", "long / short": "4", "funding rate": "0.0001",
        "24 h volume": "30.00",
    }  # fmt: skip
    assert figures["24 h change"] == "+100 (+5.00%)"
    funded, due = (datetime.fromisoformat(figures[name].removesuffix(" UTC")) for name in ("funded", "next funding"))
    assert due - funded == timedelta(hours=1)
    _, err = datafeed("markets", "show", "silver", code=1)
    assert err.startswith("there is no market silver. `datafeed markets list TEXT` finds")


@pytest.mark.parametrize("command", ["list", "show"])
def test_an_argument_that_is_no_text_is_wrong_usage(tmp_path: Path, command: str) -> None:
    out, err = Command(tmp_path)("markets", command, "\udcff", code=2)
    assert out == ""
    assert err.startswith("\\udcff is no UTF-8 text. ")
    assert err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_wrong_catalogue_ends_with_2_a_line_a_mistake_and_nothing_imported(tmp_path: Path) -> None:
    datafeed = Command(tmp_path)
    (tmp_path / "markets.toml").write_text(CATALOGUE.replace("https:", "javascript:").replace('name = "Silver"', "fee = 1"))
    out, err = datafeed("markets", "import", "markets.toml", code=2)
    assert out == ""
    lines = err.splitlines()
    assert [line.split(": ")[:3] for line in lines[:-1]] == [
        ["markets.toml", f"market 1 ({GOLD})", "icon_url"],
        ["markets.toml", f"market 2 ({SILVER})", "fee"],
    ]
    assert lines[-1].startswith("Nothing was imported.")
    _, err = datafeed("markets", "import", "nowhere.toml", code=2)
    assert err.startswith("nowhere.toml: cannot be read: No such file or directory\n")


def fill(path: str) -> None:
    """One market with two trades and a payment of funding, in a process of its own: a folder is one process's."""
    with embedded_database(Path(path), "vamm_analytics") as database:
        migrate(database)
        add_market(database, market_id(CHAIN, GOLD), "GOLD", symbol="Fine gold", contract_address=GOLD, starting_price=20_005 * 10**17)
        gold, now = market_id(CHAIN, GOLD), int(time.time())
        sizes = {"total_long_size": 40 * ONE, "total_short_size": 10 * ONE, "open_interest": 50 * ONE}
        trades = [
            trade(1, 0, gold, 2_000, 500, timestamp=now - 90_000),
            trade(2, 0, gold, 2_100, 30, timestamp=now - 900, **sizes),
            trade(
                3,
                0,
                gold,
                0,
                0,
                timestamp=now - 600,
                event_type="FundingPaid",
                action="funding",
                price_type="",
                funding_rate=ONE // 10_000,
                **sizes,
            ),
        ]
        database.insert("vamm_market_transactions", rows.trades(trades))
