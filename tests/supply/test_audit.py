"""The list of licences is of what is locked, and an audit that could ask nobody does not look like a clean one."""

import json
import re
from typing import Any

from tests.supply.audit import LICENCES, VENDORED_HEAD, licences, page, pinned, read, vendored, whole


def test_every_package_is_listed_with_the_licence_that_it_has() -> None:
    rows = dict(re.findall(r"^\| (\S+) \| (.+) \|$", LICENCES.read_text().partition(VENDORED_HEAD)[0], re.MULTILINE))
    del rows["package"]
    listed = licences()
    assert rows.keys() <= pinned().keys()
    assert {name: rows.get(name) for name in listed} == listed, "run scripts/audit"
    assert page(rows) == LICENCES.read_text()


def test_no_licence_asks_for_more_than_to_be_named() -> None:
    """What is linked into a service must not put terms on the service's own code."""
    strict = {name: told for name, told in licences().items() if re.search(r"\bA?GPL|Affero|SSPL|BUSL|not told", told)}
    assert strict == {}


def test_what_lies_in_the_code_is_listed_too() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", vendored()["lightweight-charts"])
    assert "| lightweight-charts | Apache-2.0 |" in LICENCES.read_text()
    (component,) = json.loads(whole("{}"))["components"]
    assert (component["name"], component["version"]) == ("lightweight-charts", vendored()["lightweight-charts"])


def report(*entries: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(entries), "fixes": []})


def test_an_advisory_is_told() -> None:
    known = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": "bad"}
    found, unasked = read(report({"name": "a", "version": "1.0", "vulns": [known]}, {"name": "b", "version": "1.0", "vulns": []}))
    assert found == ["a 1.0: PYSEC-2026-1, mended in 2.0"]
    assert unasked == []


def test_what_nobody_could_be_asked_about_is_told() -> None:
    entry = {"name": "a", "skip_reason": "Dependency not found on PyPI and could not be audited: a (1.0)"}
    assert read(report(entry)) == ([], ["a"])
    for silence in ("", "ERROR:pip_audit: connection refused", "[]"):
        found, unasked = read(silence)
        assert found == []
        assert len(unasked) == len(pinned())
