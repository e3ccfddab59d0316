"""SQL lives in files: one object or query each, under `sql/`."""

from functools import cache
from pathlib import Path
from typing import Final

import app

SQL = Path(app.__file__).parents[1] / "sql"

OTHER: Final = "other"
"""What statements are called that are from no file of their own: the writer's few, and those of the schema."""

_NAMES: dict[str, str] = {}


@cache
def query(name: str) -> str:
    """Text of `sql/queries/{name}.sql`."""
    text = (SQL / "queries" / f"{name}.sql").read_text()
    return made_of(name, text)


def made_of(name: str, text: str) -> str:
    """*text*, which file *name* became when its gaps were filled: there must be few different ones."""
    _NAMES[text] = name
    return text


def name_of(sql: str) -> str:
    """The file's name that *sql* is from."""
    return _NAMES.get(sql, OTHER)
