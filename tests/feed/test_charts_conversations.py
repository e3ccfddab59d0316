"""Whole conversations with the storage, kept as text in `tests/golden`: `UPDATE_GOLDEN=1` writes them anew."""

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from httpx2 import Client

from tests.feed.saving import BASE

GOLDEN = Path(__file__).parents[1] / "golden"
ASKS = "> "


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("charts_*.txt")), ids=lambda path: path.stem)
def test_conversation(served: Client, path: Path) -> None:
    kept = path.read_text()
    heard, number = "", "{id}"
    for line in kept.splitlines():
        if line.startswith("# "):
            heard += f"{line}\n"
        elif line.startswith(ASKS):
            method, target, *form = line.removeprefix(ASKS).replace("{id}", number).split(" ", 2)
            parts = {name: (None, value) for name, value in parse_qsl(form[0])} if form else None
            response = served.request(method, f"{BASE}/{target}", files=parts)
            if found := re.search(r'"id":(\d+)', response.text):
                number = found[1]
            answer = re.sub(r'"timestamp":\d+', '"timestamp":{now}', response.text.replace(number, "{id}"))
            heard += f"{line}\n{response.status_code} {response.headers['content-type']}\n{answer}\n\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(heard)
    assert heard == kept
