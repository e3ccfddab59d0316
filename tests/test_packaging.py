"""The lock files hold what pyproject.toml asks for, and the version is the same wherever it is written."""

import re
import tomllib
from importlib.metadata import version
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


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return {canonicalize_name(name): found for name, found in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE)}


@pytest.mark.parametrize(("lock", "wanted"), [("run", "run"), ("test", "run"), ("test", "test")])
def test_lock_files_hold_what_is_asked_for(lock: str, wanted: str) -> None:
    pins = pinned(lock)
    for text in INSTALLED[wanted]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)], prereleases=True), text


def test_what_runs_is_what_is_tested() -> None:
    assert pinned("run").items() <= pinned("test").items()


@pytest.mark.parametrize("lock", ["run", "test"])
def test_every_pin_has_a_hash_and_no_place(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    entries = re.findall(r"^[A-Za-z0-9._-]+==.*(?:\n +--hash.*)*", text, re.MULTILINE)
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"https?://|file:|index-url|find-links|^-e|@ ", text, re.MULTILINE)


def test_build_requirements_are_locked_with_the_rest() -> None:
    assert PROJECT["dependency-groups"]["build"] == PROJECT["build-system"]["requires"]


def test_the_changelog_tells_of_this_version() -> None:
    assert re.search(rf"^## {re.escape(PROJECT['project']['version'])}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_installed_version_is_this_one() -> None:
    assert version("vamm-datafeed") == PROJECT["project"]["version"]
