"""SQL lives in files: one object or query each, under `sql/`."""

from functools import cache
from pathlib import Path

import app

SQL = Path(app.__file__).parents[1] / "sql"


@cache
def query(name: str) -> str:
    """Text of `sql/queries/{name}.sql`."""
    return (SQL / "queries" / f"{name}.sql").read_text()
