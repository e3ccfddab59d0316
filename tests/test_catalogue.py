"""Catalogue files: what they may say, and how each mistake is told."""

import json
import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.catalogue import MOST_BYTES, MOST_TOLD, CatalogueError, read_catalogue
from app.store.catalogue import MOST_ENTRIES

CONTRACT = "0x" + "aB" * 20
EVERYTHING = f"""
[[market]]
contract = "{CONTRACT}"
chain_id = 137
name = " Gold "
description = "Zürich's \\"best\\" — 金"
category = "metals"
base_asset = "XAU"
quote_asset = "USD"
icon_url = "https://icons.example/gold.svg?size=64#top"
banner_url = "http://[::1]:8080/banner"
website_url = "https://gold.example"
min_trade_size = 0.000000000000000001
max_leverage = 100
fee_rate = "0.0005"
funding_interval = 3600

[[market]]
ticker = "btc"
"""


def told(tmp_path: Path, *entries: object, **top: object) -> list[str]:
    """What is said of a JSON file with *entries*, without the file's name."""
    path = tmp_path / "markets.json"
    path.write_text(json.dumps({"market": list(entries), **top}))
    return refused(path)


def refused(path: Path) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(path)
    assert caught.value.exit_code == 2
    assert all(line.startswith(f"{path}: ") for line in caught.value.lines)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return [line.removeprefix(f"{path}: ") for line in caught.value.lines]


def test_every_key_exactly(tmp_path: Path) -> None:
    path = tmp_path / "markets.TOML"
    path.write_text(EVERYTHING)
    gold, btc = read_catalogue(path)
    assert gold.contract == CONTRACT.lower()
    assert (gold.name, gold.description, gold.funding_interval) == ("Gold", 'Zürich\'s "best" — 金', 3600)
    assert (gold.min_trade_size, gold.max_leverage, gold.fee_rate) == (Decimal("1e-18"), Decimal(100), Decimal("0.0005"))
    assert (btc.ticker, btc.contract, btc.name, btc.fee_rate) == ("btc", None, "", None)


def test_json_says_the_same(tmp_path: Path) -> None:
    toml, same = tmp_path / "a.toml", tmp_path / "b.json"
    toml.write_text(EVERYTHING)
    entries = [entry.model_dump(mode="json", exclude_unset=True) for entry in read_catalogue(toml)]
    same.write_text(json.dumps({"market": entries}))
    assert read_catalogue(same) == read_catalogue(toml)
    same.write_text('{"market": [{"ticker": "X", "fee_rate": 0.1234567890123456789e-1}]}')
    assert refused(same) == ["market 1 (X): fee_rate: Decimal input should have no more than 18 decimal places"]
    same.write_text('{"market": [{"ticker": "X", "fee_rate": 0.12345678901234567}]}')
    assert read_catalogue(same)[0].fee_rate == Decimal("0.12345678901234567")


@pytest.mark.parametrize(("name", "content"), [("a.toml", "[[market]]\nticker = 'A'"), ("a.json", '{"market": [{"ticker": "A"}]}')])
def test_a_mark_at_the_beginning_is_no_part_of_the_text(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8-sig")
    assert [market.ticker for market in read_catalogue(tmp_path / name)] == ["A"]


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("colour", "red", "is no key of a market: those are contract, chain_id, ticker, name"),
        ("name", "x" * 201, "must have at most 200 characters"),
        ("description", "x" * 2_001, "must have at most 2000 characters"),
        ("name", 5, "must be a valid string"),
        ("name", "two\nlines", "must hold no control characters"),
        ("description", "\ud800", "must be a valid string"),
        ("category", "\x1b[31m", "must hold no control characters"),
        ("icon_url", "javascript:alert(1)", "must be a URL with a host"),
        ("icon_url", "JavaScript://x.example/%0aalert(1)", "must be a URL with a host"),
        ("banner_url", "data:text/html,x", "must be a URL with a host"),
        ("website_url", "//x.example", "must be a URL with a host"),
        ("website_url", "https://", "must be a URL with a host"),
        ("website_url", "https://x.example/\n", None),
        ("website_url", "https://x.exa\nmple/", "must be a URL with a host"),
        ("website_url", "https://x.example/\u202egpj", "must be a URL with a host"),
        ("website_url", 'https://x.example/"onload="x', "must be a URL with a host"),
        ("website_url", "https://x.example:99999/", "must be a URL with a host"),
        ("website_url", "https://[x", "must be a URL with a host"),
        ("website_url", "https://x.example/" + "y" * 2_000, "must have at most 2000 characters"),
        ("min_trade_size", -1, "must be greater than or equal to 0"),
        ("max_leverage", "-0.1", "must be greater than or equal to 0"),
        ("max_leverage", "100000000000000000000", "Decimal input should have no more than 20 digits before the decimal point"),
        ("fee_rate", "NaN", "must be a finite number"),
        ("fee_rate", "Infinity", "must be a finite number"),
        ("fee_rate", True, "must be a number"),
        ("fee_rate", "much", "must be a valid decimal"),
        ("funding_interval", -1, "must be greater than or equal to 0"),
        ("funding_interval", 2**32, "must be less than 4294967296"),
        ("funding_interval", 1.5, "must be a valid integer"),
        ("chain_id", True, "must be a valid integer"),
        ("chain_id", 0, "must be greater than or equal to 1"),
    ],
)
def test_a_mistake_names_entry_and_key(tmp_path: Path, key: str, value: object, reason: str | None) -> None:
    entry: dict[str, Any] = {"ticker": "GOLD", key: value}
    if reason is None:  # what surrounds a text is cut off
        (tmp_path / "markets.json").write_text(json.dumps({"market": [entry]}))
        assert getattr(read_catalogue(tmp_path / "markets.json")[0], key) == str(value).strip()
        return
    (line,) = told(tmp_path, {"ticker": "FIRST"}, entry)
    assert line.startswith(f"market 2 (GOLD): {key}: {reason}")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({}, "market 1: names its market by contract or by ticker: one of them"),
        ({"ticker": "A", "contract": CONTRACT}, f"market 1 ({CONTRACT}): names its market by contract or by ticker: one of them"),
        ({"contract": "0x12"}, "market 1 (0x12): contract: must be a contract's address: 0x and 40 hexadecimal digits"),
        ({"ticker": "x\n\x1b[31m" * 20}, "market 1 (x\\n\\x1b[31mx\\n"),
        ({"ticker": ""}, "market 1: ticker: must have at least 1 character"),
        ("GOLD", "market 1: must be a valid dictionary"),
        (None, "market 1: must be a valid dictionary"),
    ],
)
def test_an_entry_names_one_market(tmp_path: Path, entry: object, line: str) -> None:
    (said,) = told(tmp_path, entry)
    assert said.startswith(line)
    assert "\n" not in said


def test_all_mistakes_are_told_up_to_a_bound(tmp_path: Path) -> None:
    lines = told(tmp_path, {"ticker": "A", "x": 1, "fee_rate": -1}, {"ticker": "B"}, {"contract": "?"})
    assert [line.split(":")[0] for line in lines] == ["market 1 (A)", "market 1 (A)", "market 3 (?)"]
    lines = told(tmp_path, *[{"ticker": "A", "fee_rate": -1}] * 150)
    assert len(lines) == MOST_TOLD + 1
    assert lines[-1] == "and 50 more mistakes"


@pytest.mark.parametrize("content", ["{}", "[]", "5", '{"market": []}', '{"market": {}}', '{"market": [{"ticker": "A"}], "other": 1}'])
def test_a_file_holds_a_list_and_nothing_else(tmp_path: Path, content: str) -> None:
    path = tmp_path / "markets.json"
    path.write_text(content)
    assert refused(path) == ["must hold a list `market` with an entry for each market, and nothing else"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("markets.json", b"{", "cannot be read: Expecting property name"),
        ("markets.json", b'{"market": [{"ticker": "A", "fee_rate": NaN}]}', "cannot be read: NaN is no number"),
        (
            "markets.json",
            b'{"market": [{"ticker": "A", "name": "X", "name": "Y"}]}',
            "cannot be read: the key name stands twice in the same object",
        ),
        ("markets.json", b'{"market": [], "market": [{"ticker": "A"}]}', "cannot be read: the key market stands twice in the same object"),
        ("markets.json", b'{"market": ' + b"9" * 5_000 + b"}", "cannot be read: "),
        ("markets.toml", b"market = ", "cannot be read: Invalid value"),
        ("markets.toml", "name = 'Zürich'".encode("latin-1"), "byte 10 is not UTF-8"),
        ("markets.yaml", b"", "must be named .toml or .json"),
        ("markets.json", b" " * (MOST_BYTES + 1), f"is too large: at most {MOST_BYTES:,} bytes are read"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (line,) = refused(path)
    assert line.startswith(reason)


def test_nesting_without_end(tmp_path: Path) -> None:
    path = tmp_path / "markets.json"
    path.write_bytes(b"[" * 100_000)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)  # Python's own: the simulated chain of other tests raises it
    try:
        (line,) = refused(path)
    finally:
        sys.setrecursionlimit(limit)
    assert line.startswith("cannot be read: ")


def test_a_file_that_is_not_there_or_holds_too_much(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere.toml") == ["cannot be read: No such file or directory"]
    assert re.match("cannot be read: ", refused(tmp_path)[0])
    assert told(tmp_path, *[{"ticker": "A"}] * (MOST_ENTRIES + 1)) == [
        f"has {MOST_ENTRIES + 1:,} markets: at most {MOST_ENTRIES:,} go at once"
    ]
