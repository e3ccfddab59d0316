"""`.env` keeps what others wrote in it, and what is put into it comes back the same."""

import os
import stat
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis.strategies import text

from app.setup.env_file import EnvFileUnusable, Unwritable, merged, quoted, read, write
from tests.depth import examples

OLD = """# mine
export RPC_URL=http://old.example.org  # a node
PORT=9000

PUSHER_KEY=one
pusher_key='two'
# the end"""


def test_other_lines_and_comments_stay() -> None:
    new = merged(OLD, {"RPC_URL": "https://new.example.org/key#1", "PUSHER_KEY": "three", "SENTRY_DSN": ""})
    assert new == ("# mine\nexport RPC_URL='https://new.example.org/key#1'\nPORT=9000\n\npusher_key=three\n# the end\nSENTRY_DSN=\n")


def test_what_does_not_change_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(OLD)
    assert write(path, {"RPC_URL": "http://old.example.org", "PUSHER_KEY": "two", "SENTRY_DSN": ""}) == []
    assert path.read_text() == OLD + "\n"


@settings(max_examples=examples(50))
@given(text(min_size=1))
def test_a_value_comes_back_as_it_was_or_is_refused(value: str) -> None:
    try:
        line = quoted("NAME", value)
    except Unwritable:
        assert "${" in value or not value.isprintable()
    else:
        assert dotenv_values(stream=StringIO(f"NAME={line}\n")) == {"NAME": value}


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert write(path, {}) == []
    assert not path.exists()
    path.write_text("PORT=9000\n")
    path.chmod(0o644)
    assert write(path, {"RPC_URL": "http://node"}) == ["RPC_URL"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read(path) == {"PORT": "9000", "RPC_URL": "http://node"}


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("")
    (tmp_path / ".env").symlink_to(tmp_path / "real")
    write(tmp_path / ".env", {"PORT": "1"})
    assert (tmp_path / ".env").is_symlink()
    assert read(tmp_path / "real") == {"PORT": "1"}


def test_whatever_stops_it_the_old_file_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.write_text(OLD)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(EnvFileUnusable, match="No space left"):
        write(path, {"PORT": "1"})
    assert path.read_text() == OLD
    assert os.listdir(tmp_path) == [".env"]


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff")
    with pytest.raises(EnvFileUnusable, match="UTF-8"):
        read(tmp_path / ".env")
