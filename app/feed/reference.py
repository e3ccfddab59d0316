"""Writes `docs/reference.md` from the models that validate requests and describe answers: `python -m app.feed.reference`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import app
from app.feed.described import Row, example, fields, media, operations, parameters
from app.feed.surfaces import document
from app.settings import Settings

PAGE: Final = Path(app.__file__).parents[1] / "docs" / "reference.md"

_INTRODUCTION: Final = """# Reference

The endpoints of `/api/lightweight` and `/api/v1`: parameters, answers, examples. A name that ends with `?` may be left out. A running
service has the same as a document for tools at `/openapi.json`, and as a page at `/docs`; both know the service's own limits, this page the
defaults. [API](api.md) has all other endpoints, failures, streams and channels.

This page is written by `scripts/docs`, from the models that validate requests.
"""


def reference() -> str:
    """Text of `docs/reference.md`."""
    described = document(Settings())
    schemas = described["components"]["schemas"]
    lines = [_INTRODUCTION]
    for path, operation in operations(described):
        lines += [f"## `{path}`", "", operation["description"], "", "```sh", f"curl '{_HERE}{example(path, operation)}'", "```", ""]
        lines += _table("parameter", parameters(operation))
        lines += _table("answer", fields(operation, schemas))
        if len(kinds := media(operation)) > 1:
            lines += ["As " + ", ".join(f"`{kind}`" for kind in kinds) + ".", ""]
    return "\n".join(lines).rstrip() + "\n"


_HERE: Final = "http://127.0.0.1:8000"


def _table(head: str, rows: list[Row]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {head} | values | what it is |"
    yield "|---|---|---|"
    for name, values, said in rows:
        yield f"| `{name}` | {_cell(values)} | {_cell(said)} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    PAGE.write_text(reference())
