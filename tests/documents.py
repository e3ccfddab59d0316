"""The documents' code, block by block, by the language that its fence names."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("**/*.md")))

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """Some code of a document; `place` is `docs/api.md:12`, the line of its fence."""

    place: str
    language: str
    text: str


def blocks(*languages: str) -> list[Block]:
    """Those of *languages*, of all where none is named."""
    return [block for document in DOCUMENTS for block in _of(document) if block.language in languages or not languages]


def at(service: str, text: str) -> str:
    """*text* with the address of *service*, `http://127.0.0.1:PORT`, where the documents have that of `scripts/run`."""
    return re.sub(r"\b8000\b", service.rpartition(":")[2], text)


def _of(document: Path) -> Iterator[Block]:
    text = document.read_text()
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(f"{document.relative_to(ROOT)}:{line}", found[1], found[2])
