"""What can be set and called is documented, and the documents name nothing that is not there."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from typer.main import get_command

from app.cli import app
from app.feed.reference import reference
from app.main import create_app
from app.ops.reference import env_example, settings_page
from app.settings import SECTIONS, Settings, load_settings
from tests.documents import DOCUMENTS, ROOT


def options() -> dict[str, list[str]]:
    """Options of every command, by the command's full name."""
    found: dict[str, list[str]] = {}

    def visit(name: str, command: Any) -> None:
        children = getattr(command, "commands", None)
        for child, inner in (children or {}).items():
            visit(f"{name} {child}".strip(), inner)
        if children is None:
            found[name] = [option for parameter in command.params for option in parameter.opts if option.startswith("-")]

    visit("", get_command(app))
    return found


WRITTEN = {".env.example": env_example, "docs/settings.md": settings_page, "docs/reference.md": reference}


@pytest.mark.parametrize("file", WRITTEN)
def test_files_written_from_settings_and_models_are_as_scripts_docs_writes_them(file: str) -> None:
    assert (ROOT / file).read_text() == WRITTEN[file]()


def test_every_setting_is_described_and_in_the_example_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {name for section in SECTIONS for name in section.model_fields} == set(Settings.model_fields)
    assert all(field.description and field.description.endswith(".") for field in Settings.model_fields.values())
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    example = ROOT / ".env.example"
    assert {name.lower() for name in dotenv_values(example)} == set(Settings.model_fields)
    assert load_settings(example) == Settings()


def test_every_command_and_option_is_documented() -> None:
    sections = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n?)*)", (ROOT / "docs" / "commands.md").read_text(), re.MULTILINE))
    assert list(sections) == list(options())
    for command, names in options().items():
        for option in set(names) - {"--help"}:
            assert f"`{option}" in sections[command], f"{command} {option}"


def routes(found: Sequence[BaseRoute], prefix: str = "") -> Iterator[str]:
    """Full paths below *prefix*."""
    for route in found:
        if isinstance(route, Mount):
            yield from routes(route.routes, prefix + route.path)
        elif isinstance(route, Route | WebSocketRoute):
            yield prefix + route.path


def test_every_route_is_documented() -> None:
    page = (ROOT / "docs" / "api.md").read_text()
    paths = list(routes(create_app(Settings.model_validate({"alchemy_signing_keys": "k" * 32})).routes))
    assert {"/api/ingest/webhook", "/healthz", "/ws", "/api/lightweight/realtime"} <= set(paths)
    for path in paths:
        assert path in page, path


def anchors(document: Path) -> set[str]:
    """What a link may name after `#`: its headings, as web pages of repositories write them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_between_documents_lead_somewhere() -> None:
    for document in DOCUMENTS:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", document.read_text()):
            found = document.parent / target if target else document
            assert found.exists(), f"{document.name}: {target}"
            assert not anchor or anchor in anchors(found), f"{document.name}: {target}#{anchor}"


def test_every_document_is_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        reached.add(document)
        links = re.findall(r"\]\((?!https?:)([^)#]+\.md)", document.read_text())
        waiting += {(document.parent / link).resolve() for link in links} - reached
    assert reached == set(DOCUMENTS)


def test_the_readme_names_only_scripts_and_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    assert {name for name in re.findall(r"scripts/(\w+)", readme) if not (ROOT / "scripts" / name).is_file()} == set()
    assert set(re.findall(r"datafeed (?!-)(\w[\w-]*)", readme)) <= {name.split()[0] for name in options()}


def test_deployment_names_only_commands_and_files_that_exist() -> None:
    known = {name.split()[0] for name in options()}
    files = [path for path in (ROOT / "docs" / "deploy").glob("**/*") if path.is_file()]
    assert {path.name for path in files} >= {"datafeed.service", "datafeed-listen.service", "datafeed-serve@.service", "Dockerfile"}
    for path in files:
        text = path.read_text()
        assert set(re.findall(r"(?:bin/|`)datafeed (?!-)(\w[\w-]*)", text)) <= known, path.name
    for line in re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "docs" / "deploy" / "files" / "Dockerfile").read_text(), re.MULTILINE):
        for name in line.split():
            assert (ROOT / name).exists(), name
