"""Code in the documents that needs no running service is read by what it is for. `tests/browser/test_documents.py` runs the rest."""

import itertools
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
import yaml
from granian.cli import cli as granian
from typer.main import get_command
from uvicorn.main import main as uvicorn

from app.catalogue import read_catalogue
from app.chain.protocol import load_protocols
from app.cli import app
from app.store.client import Database
from bench.__main__ import app as bench
from tests.documents import ROOT, Block, blocks

LANGUAGES: Final = {"html", "js", "json", "python", "sh", "sql", "text", "toml", "yaml"}

NOT_RUN: Final = {
    "sh": "removes files of the machine",
    "useradd": "changes the machine's users",
    "install": "writes outside of the checkout",
    "cp": "writes outside of the checkout",
    "tee": "writes a file",
    "tar": "archives /var/lib",
    "git": "fetches from a server, and changes the checkout",
    "systemctl": "needs systemd",
    "journalctl": "needs systemd",
    "docker": "needs a daemon of its own; what its recipe copies is checked in tests/test_docs.py",
}
"""Programs that are not ours and that a test cannot run, and why. Whatever else a block has is ours, and is read as we read it."""

OURS: Final = {"datafeed": get_command(app), "bench": get_command(bench)}
SERVERS: Final[dict[str, Any]] = {"uvicorn": uvicorn, "granian": granian}

WRAPPERS: Final = {"sudo", "env"}
OF_WRAPPERS: Final = {"-u": 1}
"""Options of these, and how many words belong to them."""

BETWEEN_COMMANDS: Final = {"&&", "||", ";", "|"}


def test_every_block_says_what_it_is() -> None:
    assert {block.language for block in blocks()} <= LANGUAGES, [block.place for block in blocks() if block.language not in LANGUAGES]


def test_json_is_json() -> None:
    for block in blocks("json"):
        assert json.loads(block.text), block.place


def test_what_is_said_on_websockets_is_json() -> None:
    for block in blocks("text"):
        for line in block.text.splitlines():
            assert line[:2] in ("> ", "< "), block.place
            assert json.loads(line[2:]), block.place


def test_figures_are_asked_for_as_prometheus_wants_it() -> None:
    (block,) = blocks("yaml")
    (job,) = yaml.safe_load(block.text)["scrape_configs"]
    assert job["static_configs"][0]["targets"]


def test_toml_is_a_catalogue_or_a_protocol(tmp_path: Path) -> None:
    for block in blocks("toml"):
        file = tmp_path / "shown.toml"
        file.write_text(block.text)
        if "market" in tomllib.loads(block.text):
            assert [market.name for market in read_catalogue(file)] == ["Gold"]
        else:
            assert load_protocols(["shown"], tmp_path).plans, block.place


def test_sql_is_understood_by_the_engine(database: Database) -> None:
    statements = [statement for block in blocks("sql") for statement in block.text.split(";") if statement.strip()]
    assert statements
    for statement in statements:
        assert database.rows(f"EXPLAIN AST {statement}"), statement


def commands(block: Block) -> Iterator[list[str]]:
    """Each command as words, without what runs it as somebody else or sets variables for it."""
    for line in block.text.splitlines():
        words = shlex.split(line, comments=True)
        for is_between, part in itertools.groupby(words, BETWEEN_COMMANDS.__contains__):
            rest = [] if is_between else list(part)
            while rest and (rest[0] in WRAPPERS or "=" in rest[0] or rest[0] in OF_WRAPPERS):
                del rest[: 1 + OF_WRAPPERS.get(rest[0], 0)]
            if rest and rest[0] != "cd":
                yield rest


@pytest.mark.parametrize("block", blocks("sh"), ids=lambda block: block.place)
def test_commands_and_their_options_are_there(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for written in re.findall(r"[\w-]+\.txt", block.text):  # by a command before the one that reads it
        (tmp_path / written).touch()
    subprocess.run(["sh", "-n"], input=block.text, text=True, check=True)
    for name, *rest in commands(block):
        if command := OURS.get(name.rpartition("/")[2]):
            parsed(command, rest)
        elif server := SERVERS.get(name):
            server.make_context(name, rest)
        elif name.startswith("scripts/"):
            assert (ROOT / name).stat().st_mode & 0o111, name
        else:
            assert name in NOT_RUN or name == "curl", f"{block.place}: {name} is neither ours nor excused"


def parsed(command: Any, words: list[str]) -> None:
    """Have *command* take *words*, and everything in them, without doing it: tests of each do."""
    context = command.make_context("", list(words))
    while isinstance(command, typer.core.TyperGroup):
        _, found, words = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        command, context = found, found.make_context(found.name, list(words), parent=context)
