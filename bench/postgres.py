"""PostgreSQL with the same candles in a table of its own, asked the same; where it is installed."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

from app.store.client import Database
from bench.duck import EXPORT

NAME: Final = "postgres"

USER: Final = "postgres"
"""Who runs it where the benchmark is run by root, whom it refuses."""

SETTINGS: Final = {
    "listen_addresses": "", "shared_buffers": "1GB", "wal_level": "minimal", "max_wal_senders": "0", "fsync": "off", "jit": "off",
    "maintenance_work_mem": "512MB", "max_wal_size": "8GB",
}  # fmt: skip
"""Of the server: quick to fill, and with room for what is asked."""

_TABLE = """
CREATE TABLE candles (
    market_id bigint, t bigint, o double precision, h double precision, l double precision, c double precision, v double precision
)
"""
_NEWEST = """
SELECT t, o, h, l, c, v FROM (
    SELECT t, o, h, l, c, v FROM candles WHERE market_id = %s AND t < %s AND t >= %s ORDER BY t DESC LIMIT %s
) AS newest ORDER BY t
"""


class Missing(Exception):
    """It cannot be run here; the text says why."""


def copy(database: Database, folder: Path) -> None:
    """Put the one-minute candles of *database* into a cluster in *folder*, by market and time; nothing where it is there. Missing."""
    if (folder / NAME / "filled").exists():
        return
    shutil.rmtree(folder / NAME, ignore_errors=True)
    (folder / NAME).mkdir()
    _own(folder / NAME)
    _run("initdb", folder, "--auth=trust", "--encoding=UTF8", "--no-sync", "--username=bench")
    import psycopg

    with _running(folder) as address, psycopg.connect(address) as connection:
        connection.execute(_TABLE)
        with connection.cursor() as cursor, cursor.copy("COPY candles FROM STDIN") as copying:  # its text is the engine's tab-separated one
            for (market_id,) in database.rows("SELECT DISTINCT market_id FROM vamm_ohlcv_1d ORDER BY market_id"):
                copying.write(database.raw(EXPORT, "TabSeparated", {"market_id": market_id}))
        connection.execute("ALTER TABLE candles ADD PRIMARY KEY (market_id, t)")
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE candles")
    (folder / NAME / "filled").touch()


def latencies(folder: Path, drawn: Sequence[tuple[int, int]], bars: int) -> list[float]:
    """Milliseconds of *bars* before each of *drawn*: a market, and a time in seconds."""
    import psycopg

    found = []
    with _running(folder) as address, psycopg.connect(address, autocommit=True, prepare_threshold=0) as connection:
        for market_id, until in drawn:
            began = perf_counter()
            rows = connection.execute(_NEWEST, [market_id, until, until - 2 * bars * 60, bars], binary=True).fetchall()
            found.append((perf_counter() - began) * 1_000)
            if len(rows) != bars:
                raise SystemExit(f"PostgreSQL has {len(rows)} bars of market {market_id} before {until}")
    return found


@contextlib.contextmanager
def _running(folder: Path) -> Iterator[str]:
    """The cluster in *folder*, until the block ends, and how to connect to it."""
    options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
    log = folder / NAME / "log"
    _run("pg_ctl", folder, "--silent", "--wait", f"--log={log}", f"--options={options} -k {folder / NAME}", "start")
    try:
        yield f"host={folder / NAME} user=bench dbname=postgres"
    finally:
        _run("pg_ctl", folder, "--silent", "--wait", "--mode=fast", "stop")


def _run(program: str, folder: Path, *arguments: str) -> None:
    command = [str(_binary(program)), f"--pgdata={folder / NAME / 'data'}", *arguments]
    user = USER if os.geteuid() == 0 else None
    # No pipe: the server, which goes on, would hold its end.
    quiet = subprocess.DEVNULL
    done = subprocess.run(command, user=user, cwd=folder / NAME, stdin=quiet, stdout=quiet, stderr=quiet, check=False)
    if done.returncode:
        raise Missing(f"{program} ends with {done.returncode} in {folder / NAME}")


def _binary(program: str) -> Path:
    """Where *program* is: Debian keeps those of the server away from PATH."""
    places = [Path(found)] if (found := shutil.which(program)) else sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    if not places:
        raise Missing("it is not installed (Debian: apt install postgresql)")
    return places[-1]


def _own(folder: Path) -> None:
    """Have *folder* be that of who runs the server."""
    if os.geteuid() == 0:
        try:
            found = pwd.getpwnam(USER)
        except KeyError:
            raise Missing(f"root may not run it, and there is no user {USER}") from None
        os.chown(folder, found.pw_uid, found.pw_gid)
        folder.parent.chmod(folder.parent.stat().st_mode | 0o011)  # so that he may get there
