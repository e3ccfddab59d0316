"""Protocol files: what ships, what a file of one's own can do, and what a mistake in one says."""

from pathlib import Path

import pytest

from app.chain.protocol import ProtocolError, load_protocols
from app.chain.signature import parse_signature
from tests.chain import logs

KNOWN_TOPICS = {
    logs.OPENED: "0x345a1e15bff227bfd5051975d95c864c45cf9fe79def6f9ce1c1525b0e831226",
    logs.OPENED_SIMPLE: "0x5cf8fa4a8e333990018876ad3a82065e68b3859d46c3198b692b77fc3043808b",
    logs.PRICE_SIMPLE: "0x31423be1df71d4ecba11d1051d8033416ed316d601c79812e7cd8103e35b88a0",
    logs.CREATED: "0x47ab7633006b3b6d4ecfa77b1c64dac99d985e2ec70de8fe50aeeded29c95742",
    logs.CHANGED: "0x4c7b764f428c13bbea8cc8da90ebe6eef4dafeb27a4e3d9041d64208c47ca7c2",
}

OPEN = 'signature = "Opened(address indexed who, uint256 id, bool up, uint256 size, uint256 price)"\ndoes = "open"\n'
COLUMNS = '[event.columns]\nposition_id = "id"\nis_long = "up"\nsize = "size"\nprice = "price"\n'


def write(folder: Path, text: str, name: str = "mine") -> Path:
    (folder / f"{name}.toml").write_text(text)
    return folder


@pytest.mark.parametrize(("signature", "topic"), KNOWN_TOPICS.items())
def test_known_topics(signature: str, topic: str) -> None:
    assert parse_signature(signature).topic == topic
    assert topic in load_protocols().plans


def test_everything_shipped_is_followed_unless_names_are_given() -> None:
    assert load_protocols().names == ("perpetual_v1", "simple_vamm", "vamm")
    assert len(load_protocols().topics) == 21
    chosen = load_protocols(["perpetual_v1"])
    assert chosen.names == ("perpetual_v1",)
    assert chosen.topics == sorted(map(logs.topic, (logs.CHANGED, logs.LIQUIDATED_PERP, logs.FUNDING_PERP, logs.RESERVES)))


def test_an_event_that_two_protocols_share_belongs_to_both() -> None:
    plan = load_protocols(["vamm", "simple_vamm"]).plans[logs.topic(logs.CREATED)]
    assert plan.protocols == ("vamm", "simple_vamm")


def test_a_file_in_the_folder_is_one_protocol_more(tmp_path: Path) -> None:
    write(tmp_path, f'include = ["factory"]\n[[event]]\n{OPEN}{COLUMNS}')
    catalogue = load_protocols(folder=tmp_path)
    assert catalogue.names == ("perpetual_v1", "simple_vamm", "vamm", "mine")
    assert load_protocols(["mine"], tmp_path).plans.keys() == {
        logs.topic("Opened(address indexed who, uint256 id, bool up, uint256 size, uint256 price)"),
        *(logs.topic(signature) for signature in (logs.CREATED, logs.STATUS, logs.PRICE_ORACLE)),
    }


def test_a_file_in_the_folder_wins_over_the_one_shipped(tmp_path: Path) -> None:
    write(tmp_path, '[[event]]\nsignature = "Paused()"\ndoes = "note"\n', "vamm")
    assert load_protocols(["vamm"], tmp_path).topics == [logs.topic(logs.PAUSED)]


def test_a_broken_file_that_is_not_wanted_stops_nothing(tmp_path: Path) -> None:
    assert load_protocols(["vamm"], write(tmp_path, "= broken")).names == ("vamm",)


def test_files_may_include_each_other(tmp_path: Path) -> None:
    write(tmp_path, 'include = ["b"]\n[[event]]\nsignature = "Paused()"\ndoes = "note"\n', "a")
    write(tmp_path, 'include = ["a"]\n', "b")
    assert load_protocols(["a", "b"], tmp_path).plans[logs.topic(logs.PAUSED)].protocols == ("a", "b")


MISTAKES = {
    "= broken": ["mine.toml", "not readable as TOML"],
    "events = []": ["mine.toml", "events", "no such key"],
    "include = ['vam']": ["mine.toml", "include", "'vam'", "simple_vamm"],
    "[[event]]\ndoes = 'note'": ["mine.toml", "event 1", "signature", "required"],
    "[[event]]\nsignature = 7\ndoes = 'note'": ["mine.toml", "event 1", "signature", "Name(type name"],
    "[[event]]\nsignature = 'Gone'\ndoes = 'note'": ["mine.toml", "Gone", "signature", "Name(type name"],
    "[[event]]\nsignature = 'Gone(uint256)'\ndoes = 'note'": ["mine.toml", "Gone", "signature", "'type name'"],
    "[[event]]\nsignature = 'Gone(uint7 x)'\ndoes = 'note'": ["mine.toml", "Gone", "'uint7'"],
    "[[event]]\nsignature = 'Gone(money x)'\ndoes = 'note'": ["mine.toml", "Gone", "'money'", "address"],
    "[[event]]\nsignature = 'Gone(bool x, bool x)'\ndoes = 'note'": ["mine.toml", "Gone", "alike"],
    "[[event]]\nsignature = 'G(bool indexed a, bool indexed b, bool indexed c, bool indexed d)'\ndoes = 'note'": ["G", "3 indexed"],
    "[[event]]\nsignature = 'Gone()'\ndoes = 'opens'": ["mine.toml", "Gone", "does", "'open'", "'note'"],
    "[[event]]\nsignature = 'Gone()'\ndoes = 'open'": ["mine.toml", "Gone", "columns", "open needs is_long, position_id, price, size"],
    f"[[event]]\n{OPEN}{COLUMNS}volume = 'who'": ["mine.toml", "Opened", "columns.volume", "user_address"],
    f"[[event]]\n{OPEN}{COLUMNS}fee = 'fees'": ["mine.toml", "Opened", "columns.fee", "'fees'", "price, size, up, who"],
    f"[[event]]\n{OPEN}{COLUMNS}fee = 'size'": ["mine.toml", "Opened", "columns", "size", "two columns"],
    f"[[event]]\n{OPEN}{COLUMNS}fee = 'who'": ["mine.toml", "Opened", "columns.fee", "who is address", "a uint or int"],
    f"[[event]]\n{OPEN}{COLUMNS}".replace('"up"', '"who"'): ["columns.is_long", "who is address", "a bool"],
    f"[[event]]\n{OPEN}{COLUMNS}user_address = {{ parameter = 'who', scale = 8 }}": ["columns.user_address", "scale belongs to amounts"],
    f"[[event]]\n{OPEN}{COLUMNS}".replace('"size"', '{ parameter = "size", scale = 19 }'): ["Opened", "columns.size", "scale", "18"],
    f"[[event]]\n{OPEN}{COLUMNS}".replace('"size"', '{ from = "size" }'): ["Opened", "columns.size"],
    f"[[event]]\n{OPEN}{COLUMNS}[[event]]\n{OPEN.replace('indexed who', 'who')}{COLUMNS}": ["mine.toml", "Opened", "otherwise"],
    "[[event]]\nsignature = 'T(uint256 a, int256 b, uint256 c, uint256 d)'\ndoes = 'trade'\n"
    "columns = { size = 'a', size_after = 'b', price = 'c', volume = 'd' }": ["T", "columns", "position_id or user_address", "whose"],
    "[[event]]\nsignature = 'T(uint256 who, int256 b, uint256 c, uint256 d, int256 e)'\ndoes = 'trade'\n"
    "columns = { user_address = 'who', size = 'e', size_after = 'b', price = 'c', volume = 'd' }": ["user_address", "who is uint256"],
    f"[[event]]\n{OPEN}{COLUMNS}entry_price = 'price'": ["Opened", "columns.entry_price", "open has no such column"],
    "[[event]]\nsignature = 'C(uint256 q)'\ndoes = 'curve'\ncolumns = { quote_reserve = 'q' }": ["C", "curve needs base_reserve"],
    "[[event]]\nsignature = 'C(uint256 q, bool b)'\ndoes = 'curve'\ncolumns = { quote_reserve = 'q', base_reserve = 'b' }": [
        "C",
        "columns.base_reserve",
        "b is bool",
        "a uint or int",
    ],
    "[[event]]\nsignature = 'M(bytes32 i, address m, bytes s)'\ndoes = 'market_created'\n"
    "columns = { factory_market_id = 'i', market = 'm', symbol = 's' }": ["M", "columns.symbol", "s is bytes", "a string"],
}


@pytest.mark.parametrize(("text", "says"), MISTAKES.items())
def test_a_mistake_is_one_line_that_names_it(tmp_path: Path, text: str, says: list[str]) -> None:
    with pytest.raises(ProtocolError) as error:
        load_protocols(["mine"], write(tmp_path, text))
    assert "\n" not in str(error.value)
    for part in says:
        assert part in str(error.value)


def test_an_event_declared_otherwise_elsewhere_is_refused(tmp_path: Path) -> None:
    write(tmp_path, f'[[event]]\nsignature = "{logs.CURVE}"\ndoes = "note"\n')
    with pytest.raises(ProtocolError, match=r"mine\.toml: BondingCurveUpdated: signature: vamm\.toml declares"):
        load_protocols(folder=tmp_path)


def test_unknown_names_and_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match=r"no protocol 'gmx'; there are perpetual_v1, simple_vamm, vamm, e\.g\. PROTOCOLS="):
        load_protocols(["gmx"])
    with pytest.raises(ProtocolError, match="no such folder"):
        load_protocols(folder=tmp_path / "gone")
    with pytest.raises(ProtocolError, match=r"larger than \d+ bytes"):
        load_protocols(folder=write(tmp_path, "#" * 1_000_001))
