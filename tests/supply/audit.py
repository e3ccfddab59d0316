"""What we ship that others wrote: licences, a bill of materials, and what is known to be wrong with it. `scripts/audit` runs it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
LOCK: Final = ROOT / "requirements" / "run.txt"
LICENCES: Final = ROOT / "docs" / "licences.md"
MATERIALS: Final = ROOT / "build" / "sbom.json"

UNASKED: Final = 3
"""Exit code where the service of advisories could not be asked about everything."""

LONGEST: Final = 60
"""Characters of a licence's name; some packages have its whole text in that place."""

HEAD: Final = """# Licences of what is installed

Every package of `requirements/run.txt` that an installation on Linux has, with the licence that it names. Written by `scripts/audit`.

| package | licence |
|---|---|
"""


VENDORED: Final = ROOT / "app" / "static" / "vendor"
VENDORED_LICENCE: Final = "Apache-2.0"
VENDORED_HEAD: Final = """
## In the code itself

Scripts of `app/static/vendor`, each with its licence beside it.

| script | licence |
|---|---|
"""


class Audit(NamedTuple):
    """What a report of pip-audit says."""

    found: list[str]
    """Lines, one for each advisory."""
    unasked: list[str]
    """Packages of which nothing could be found out."""


def pinned() -> dict[str, str]:
    """Version by name of what `LOCK` installs."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[.+?\])?==([^\s;]+)", LOCK.read_text(), re.MULTILINE))


def licence(name: str) -> str | None:
    """As package *name* tells it; None where it is not installed here."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return None
    classified = (entry.rpartition(" :: ")[2] for entry in told.get_all("Classifier") or () if entry.startswith("License ::"))
    expressed, free = ((told.get_all(key) or [""])[0] for key in ("License-Expression", "License"))
    named = expressed or " or ".join(classified) or free or "not told"
    return named.strip().splitlines()[0][:LONGEST].replace("|", "/")


def licences() -> dict[str, str]:
    """Licence by name of what is installed here of `LOCK`."""
    return {name: found for name in sorted(pinned()) if (found := licence(name))}


def vendored() -> dict[str, str]:
    """Version by name of the scripts that lie in the code. All are under the Apache License 2.0: ValueError where one is not."""
    found = {}
    for folder in sorted(path for path in VENDORED.iterdir() if path.is_dir()):
        if "Apache License\n                           Version 2.0" not in (folder / "LICENSE").read_text():
            raise ValueError(f"another licence than {VENDORED_LICENCE}: {folder.name}")
        found[folder.name] = (folder / "VERSION").read_text().split(":")[0].split()[1]
    return found


def page(listed: Mapping[str, str]) -> str:
    """The list for people."""
    packages = "".join(f"| {name} | {told} |\n" for name, told in listed.items())
    return HEAD + packages + VENDORED_HEAD + "".join(f"| {name} | {VENDORED_LICENCE} |\n" for name in vendored())


def whole(bill: str) -> str:
    """The *bill* of materials of what is installed (CycloneDX, JSON), with what is vendored."""
    found = json.loads(bill)
    for name, version in vendored().items():
        purl = f"pkg:npm/{name}@{version}"
        licence_ = [{"license": {"id": VENDORED_LICENCE}}]
        found.setdefault("components", []).append(
            {"type": "library", "bom-ref": purl, "name": name, "version": version, "licenses": licence_, "purl": purl}
        )
    return json.dumps(found, indent=2) + "\n"


def read(report: str) -> Audit:
    """What pip-audit's *report* in JSON says. Nothing could be asked where it is none."""
    try:
        entries: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit([], sorted(pinned()))
    return Audit(list(_advisories(entries)), [entry["name"] for entry in entries if "skip_reason" in entry])


def main() -> int:
    """Write the list and the bill, ask about everything, tell, and return the exit code."""
    tools = Path(sys.executable).parent
    LICENCES.write_text(page(licences()))
    MATERIALS.parent.mkdir(exist_ok=True)
    bill: list[str | Path] = [tools / "cyclonedx-py", "requirements", LOCK, "--pyproject", ROOT / "pyproject.toml"]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}  # a lock does not tell what depends on what
    subprocess.run([*bill, "--output-reproducible", "--of", "JSON", "-o", MATERIALS], check=True, env=quiet)
    MATERIALS.write_text(whole(MATERIALS.read_text()))
    print(f"licences: {LICENCES.relative_to(ROOT)}; bill of materials (CycloneDX): {MATERIALS.relative_to(ROOT)}")
    asking: list[str | Path] = [tools / "pip-audit", "--requirement", LOCK, "--disable-pip", "--require-hashes", "--format", "json"]
    asked = subprocess.run(asking, capture_output=True, text=True, check=False)
    found, unasked = read(asked.stdout)
    print(*found, sep="\n", end="\n" if found else "")
    if unasked:
        how_many = f"{len(unasked)} of {len(pinned())} packages: {unasked[0]}, …"
        print(f"NOT AUDITED: the service of advisories could not be asked about {how_many}")
        print("Nothing is known of these, good or bad.")
    if found:
        return 1
    if not unasked:
        print(f"no known vulnerability in {len(pinned())} packages")
    return UNASKED if unasked else 0


def _advisories(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        for known in entry.get("vulns", ()):
            mended = ", ".join(known["fix_versions"]) or "no version yet"
            yield f"{entry['name']} {entry['version']}: {known['id']}, mended in {mended}"


if __name__ == "__main__":
    sys.exit(main())
