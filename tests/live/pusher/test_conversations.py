"""Whole conversations over the WebSocket, kept as text in `tests/golden`: `UPDATE_GOLDEN=1` writes them anew."""

import os
import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.live.pusher.client import Client, client
from tests.live.pusher.conftest import Local

GOLDEN = Path(__file__).parents[2] / "golden"

CONNECTS, SAYS, TRIGGERS = "= ", "> ", "! "
"""How lines begin that say what to do: connect with a path and query, send a frame, trigger an event (channel, name, data)."""


def held(endpoint: Local, kept: str) -> str:
    """The conversation that *kept* asks for, as it is held now."""
    heard = []
    origin = endpoint.socket.partition("/app/")[0]
    with ExitStack() as stack:
        speaking: Client | None = None
        for line in kept.splitlines():
            answers: list[str] = []
            if line.startswith(CONNECTS):
                speaking = stack.enter_context(client(origin + line.removeprefix(CONNECTS)))
                answers = [re.sub(r"\d+\.\d+", "SOCKET", speaking.first_text)]
                if not speaking.socket_id:
                    answers.append("closed {} {}".format(*speaking.ended()))
            elif speaking and line.startswith(SAYS):
                speaking.say_text(line.removeprefix(SAYS))
                answers = [frame.replace(speaking.socket_id, "SOCKET") for frame in speaking.answers()]
            elif speaking and line.startswith(TRIGGERS):
                endpoint.library().trigger(*line.removeprefix(TRIGGERS).split(" ", 2))
                answers = speaking.answers()
            elif not line.startswith("#"):
                continue
            heard += [line, *(f"< {answer}" for answer in answers), *([] if line.startswith("#") else [""])]
    return "\n".join(heard).rstrip() + "\n"


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("pusher_*.txt")), ids=lambda path: path.stem)
def test_conversation(endpoint: Local, path: Path) -> None:
    kept = path.read_text()
    now = held(endpoint, kept)
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(now)
    assert now == kept
