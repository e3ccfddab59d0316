"""The file `.env`: values are put into it, and all else stays as it was written."""

import contextlib
import os
import re
import tempfile
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from app.domain.errors import DatafeedError
from app.ops.legible import legible

HEADING: Final = "# Written by `datafeed setup`; docs/settings.md says what else can be set.\n"

_PLAIN = re.compile(r"[\w./:@%+,=-]+")


class EnvFileUnusable(DatafeedError):
    """The file of settings cannot be read or written."""

    help = "Check who owns it and its folder, and whether the disk is full."


class Unwritable(DatafeedError):
    """A value that such a file cannot hold."""

    help = "Set it in the environment instead, or have another one made."


def read(path: Path) -> dict[str, str]:
    """What *path* sets, by name in capitals; nothing where it is not there. EnvFileUnusable where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise EnvFileUnusable(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    return {name.upper(): value for name, value in dotenv_values(stream=StringIO(text)).items() if value}


def write(path: Path, values: Mapping[str, str]) -> list[str]:
    """Put *values* into *path*, readable by its owner alone, and return the names of those that changed; an empty one is set to nothing.

    Other lines and comments stay. It is the old file or the new one, whatever stops this. Unwritable or EnvFileUnusable where it
    cannot be.
    """
    before = read(path)
    changed = {name: value for name, value in values.items() if before.get(name, "") != value}
    path = path.resolve()  # where it is a link, what it leads to
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else HEADING
        if changed or path.exists():
            _replace(path, merged(old, changed))
    except OSError as error:
        raise EnvFileUnusable(f"{path} cannot be written: {error.strerror or error}") from None
    return sorted(changed)


def merged(text: str, values: Mapping[str, str]) -> str:
    """*text* with *values*: each where it stood last, or at the end."""
    bindings = list(parse_stream(StringIO(text)))
    last = {binding.key.upper(): place for place, binding in enumerate(bindings) if binding.key}
    lines = []
    for place, binding in enumerate(bindings):
        name = (binding.key or "").upper()
        space, export = re.findall(r"^(\s*)(export\s+)?", binding.original.string)[0]  # blank lines above belong to it
        if name not in values:
            lines.append(binding.original.string)
        elif place == last[name]:
            lines.append(f"{space}{export}{binding.key}={quoted(name, values[name])}\n")
        else:
            lines.append(space)
    kept = "".join(lines)
    if kept and not kept.endswith("\n"):
        kept += "\n"
    return kept + "".join(f"{name}={quoted(name, value)}\n" for name, value in values.items() if name not in last)


def quoted(name: str, value: str) -> str:
    """*value* as such a file holds it. Unwritable where it holds what would be read as something else."""
    if not value or _PLAIN.fullmatch(value):
        return value
    if "${" in value or legible(value) != value:  # filled in, even within quotes; or on several lines
        raise Unwritable(f"{name} holds a line break, a control character or ${{, which {'.env'} cannot")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".env-")  # mode 600
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
