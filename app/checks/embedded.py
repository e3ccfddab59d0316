"""Checks the folder of the embedded engine, without opening it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.checks.finding import Failed, Found, ok, warning
from app.store.client import FOLDER, StoreLocked

if TYPE_CHECKING:
    from app.settings import Settings

LEAST_BYTES: Final = 200_000_000
"""Free space below which the engine's next merge may fail."""

WANTED_BYTES: Final = 2_000_000_000
"""Free space below which a warning is due."""


async def check(settings: Settings, seconds: float) -> AsyncGenerator[Found, None]:
    """The engine is installed, its folder can be written, has room, and is open in no other process."""
    if importlib.util.find_spec("chdb") is None:
        raise Failed("no server is set, and the embedded engine is not installed", "Set CLICKHOUSE_HOST, or install the extra `embedded`.")
    folder = settings.data_dir / FOLDER
    _writable(folder)
    free = shutil.disk_usage(_existing(folder)).free
    if free < LEAST_BYTES:
        raise Failed(f"the disk of {folder} has {_size(free)} left", "Make room, or point DATA_DIR at another disk.")
    yield ok(f"embedded, in {folder}: writable, {_size(free)} free")
    if free < WANTED_BYTES:
        yield warning(f"{_size(free)} is little", "Make room, or point DATA_DIR at another disk.")
    if _is_locked(folder):
        yield warning("another process has the folder open, as a running service does", StoreLocked.help)


def _writable(folder: Path) -> None:
    """Failed where no file can be made in *folder*, or in what of it is there."""
    try:
        with tempfile.NamedTemporaryFile(dir=_existing(folder), prefix=".datafeed-check-") as file:
            file.write(b"\0" * 4_096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        advice = "Point DATA_DIR at a folder that this user can make and write to, on a disk that is not full."
        raise Failed(f"{folder} cannot be used: {error.strerror or error}", advice) from None


def _existing(folder: Path) -> Path:
    """*folder*, or the nearest above it that is there."""
    folder = folder.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _is_locked(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        with (folder / "status").open("rb") as file:  # what the engine locks, whole, for as long as it runs
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
