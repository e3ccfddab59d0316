"""The embedded engine's folder is looked at without opening it."""

import fcntl
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from app.checks.service import Service
from app.settings import Settings
from tests.checks.conftest import failure, found

pytestmark = pytest.mark.anyio
CLICKHOUSE = Service.CLICKHOUSE
Usage = namedtuple("Usage", "total used free")


async def test_a_folder_that_can_be_made(tmp_path: Path) -> None:
    (one,) = await found(Settings(data_dir=tmp_path / "new"), CLICKHOUSE)
    assert one.level == "ok"
    assert not os.listdir(tmp_path)


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").touch()
    one = await failure(Settings(data_dir=tmp_path), CLICKHOUSE)
    assert "cannot be used" in one.text
    assert "DATA_DIR" in one.help


@pytest.mark.usefixtures("_engine")
async def test_the_engine_locks_what_is_looked_at(engine_path: Path, tmp_path: Path) -> None:
    (tmp_path / "clickhouse").symlink_to(engine_path)  # open, here
    usable, locked = await found(Settings(data_dir=tmp_path), CLICKHOUSE)
    assert (usable.level, locked.level) == ("ok", "warning")
    assert "another process has the folder open" in locked.text


async def test_a_folder_whose_engine_is_gone_is_free(tmp_path: Path) -> None:
    (tmp_path / "clickhouse").mkdir()
    with (tmp_path / "clickhouse" / "status").open("w") as status:
        fcntl.flock(status, fcntl.LOCK_EX)
        assert len(await found(Settings(data_dir=tmp_path), CLICKHOUSE)) == 2
    assert len(await found(Settings(data_dir=tmp_path), CLICKHOUSE)) == 1


async def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**8))
    assert "0.1 GB left" in (await failure(Settings(data_dir=tmp_path), CLICKHOUSE)).text
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 10**12, 10**9))
    assert [one.level for one in await found(Settings(data_dir=tmp_path), CLICKHOUSE)] == ["ok", "warning"]
