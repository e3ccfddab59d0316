"""What is imported is asked for, what is asked for is locked, what is heavy stays out; and one version wherever it is written."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
INSTALLED = {
    "run": [*PROJECT["project"]["dependencies"], *EXTRAS["listener"], *EXTRAS["embedded"], *PROJECT["build-system"]["requires"]],
    "test": EXTRAS["test"],
}
HEAVY = ("chdb", "numpy", "pandas", "pyarrow")
"""What the base install leaves out, with all it brings."""

NEWER = ("compression",)
"""Of the standard library, but not of the oldest Python's."""

WITHOUT = """
import sys

class Missing:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {heavy}:
            raise ModuleNotFoundError("not in the base install", name=name)

sys.meta_path.insert(0, Missing)
import app.main
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def loaded(script: str) -> set[str]:
    """What a Python of its own prints at the end of *script*: top-level modules."""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def imported(folder: str) -> Iterator[str]:
    """Top-level modules that the code in *folder* names in its imports."""
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return {canonicalize_name(name): found for name, found in re.findall(r"^([A-Za-z0-9._-]+)(?:\[.+?\])?==(\S+)", text, re.MULTILINE)}


@pytest.mark.parametrize(("folder", "wanted"), [("app", ["run"]), ("bench", ["run", "test"]), ("tests", ["run", "test"])])
def test_what_is_imported_is_asked_for(folder: str, wanted: list[str]) -> None:
    named = {canonicalize_name(Requirement(text).name) for lock in wanted for text in INSTALLED[lock]}
    owners = packages_distributions()
    others = {name for name in imported(folder) if name not in {*sys.stdlib_module_names, *NEWER} and name not in ("app", "bench", "tests")}
    unnamed = {name for name in others if not named & {canonicalize_name(owner) for owner in owners.get(name, [])}}
    assert unnamed == set()


def test_the_api_starts_without_what_is_heavy() -> None:
    assert not loaded(WITHOUT.format(heavy=HEAVY)) & {*HEAVY, "web3"}


def test_the_command_explains_itself_before_it_loads_what_it_needs() -> None:
    named = loaded("import sys, app.cli; print(*{name.partition('.')[0] for name in sys.modules})")
    assert not named & {*HEAVY, "anyio", "clickhouse_connect", "hypercorn", "pydantic", "starlette", "web3"}


@pytest.mark.parametrize(("lock", "wanted"), [("run", "run"), ("test", "run"), ("test", "test")])
def test_lock_files_hold_what_is_asked_for(lock: str, wanted: str) -> None:
    pins = pinned(lock)
    for text in INSTALLED[wanted]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)], prereleases=True), text


def test_what_runs_is_what_is_tested() -> None:
    assert pinned("run").items() <= pinned("test").items()


@pytest.mark.parametrize("lock", ["run", "serve", "test", "audit"])
def test_every_pin_has_a_hash_and_no_place(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    entries = re.findall(r"^[A-Za-z0-9._-]+(?:\[.+?\])?==.*(?:\n +--hash.*)*", text, re.MULTILINE)
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?://|file:|index-url|find-links|^-e|@ ", text, re.MULTILINE)


def test_build_requirements_are_locked_with_the_rest() -> None:
    assert PROJECT["dependency-groups"]["build"] == PROJECT["build-system"]["requires"]


def test_the_changelog_tells_of_this_version() -> None:
    assert re.search(rf"^## {re.escape(PROJECT['project']['version'])}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_installed_version_is_this_one() -> None:
    assert version("vamm-datafeed") == PROJECT["project"]["version"]
