"""Writes `.env.example` and `docs/settings.md` from the settings: `python -m app.ops.reference`."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, SecretStr

import app
from app.ops.spelling import written
from app.settings import SECTIONS

ROOT = Path(app.__file__).parents[1]

_INTRODUCTION = """# Settings

Settings are environment variables, or lines of a file `.env` in the folder where `datafeed` starts; the environment wins, and an
empty value means the default. Lists are separated by commas, flags are `true` or `false`. With no setting at all the service runs
on an embedded ClickHouse.

A wrong setting stops the start, with one line for each mistake that names the variable and shows how it is right. Values of secrets
(and the URLs of nodes, which hold keys) are never printed, nor logged.

This page and `.env.example` are written by `scripts/docs`.
"""


def env_example() -> str:
    """Text of `.env.example`: every setting with its default and one line that says what it is."""
    lines = ["# Copy to .env and change what you need. An empty value means the default.", "# docs/settings.md says more."]
    for section, settings in _sections():
        lines += ["", f"# --- {section}", ""]
        for name, description, default, _ in settings:
            lines += [f"# {description}", f"{name}={default}"]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Text of `docs/settings.md`."""
    lines = [_INTRODUCTION]
    for section, settings in _sections():
        lines += [f"## {section}", "", "| variable | default | what it is | example |", "|---|---|---|---|"]
        for name, description, default, example in settings:
            lines.append(f"| `{name}` | {_code(default)} | {description} | {_code(example)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def write(root: Path = ROOT) -> None:
    """Write both files below *root*."""
    (root / ".env.example").write_text(env_example())
    (root / "docs" / "settings.md").write_text(settings_page())


def _sections() -> Iterator[tuple[str, list[tuple[str, str, str, str]]]]:
    for section in SECTIONS:
        yield (section.__doc__ or "").strip(), [_entry(section, name) for name in section.model_fields]


def _entry(section: type[BaseModel], name: str) -> tuple[str, str, str, str]:
    field = section.model_fields[name]
    default = "" if isinstance(field.default, SecretStr) else written(field.default)
    return name.upper(), field.description or "", default, (field.examples or [""])[0]


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


if __name__ == "__main__":
    write()
