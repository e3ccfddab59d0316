"""The demo's chain is the same at its next start."""

import time
from pathlib import Path

import pytest

from app.demo.saved import FILE, HISTORY, Damaged, OtherChain, saved_genesis


def test_the_next_start_finds_the_same_chain(tmp_path: Path) -> None:
    first = saved_genesis(tmp_path / "data", seed=7, markets=5)
    assert (first.seed, first.markets) == (7, 5)
    assert first.time == pytest.approx(time.time() - HISTORY, abs=60)
    assert saved_genesis(tmp_path / "data") == first
    assert saved_genesis(tmp_path / "data", seed=7, markets=5) == first


@pytest.mark.parametrize("wanted", [{"seed": 2}, {"markets": 4}])
def test_another_chain_does_not_go_into_the_same_folder(tmp_path: Path, wanted: dict[str, int]) -> None:
    saved_genesis(tmp_path)
    with pytest.raises(OtherChain, match="keeps a chain with seed 1 and 3 markets"):
        saved_genesis(tmp_path, **wanted)


@pytest.mark.parametrize("text", ["", '{"time": 17', "[]", '{"time": 1700000000}', '{"time": null, "seed": 1, "markets": 3}'])
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(Damaged, match=r"demo\.json is damaged"):
        saved_genesis(tmp_path)
    assert (tmp_path / FILE).read_text() == text
