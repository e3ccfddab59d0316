"""What is given to Prometheus and Grafana asks for figures that there are, by labels that they have."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.observing.observed import Observed

DEPLOY: Final = Path(__file__).parents[2] / "docs" / "deploy"

PROMETHEUS: Final = {"up"}
"""Of Prometheus itself."""

EVERYWHERE: Final = {"instance", "job"}
"""Labels that Prometheus adds."""

WORDS: Final = {"and", "or", "unless", "by", "on", "bool", "offset"}

_MATCHERS = re.compile(r"\b([a-zA-Z_:][\w:]*)\{([^}]*)\}")
_NAME = re.compile(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()")


def alerts() -> Iterator[tuple[str, str]]:
    """Name and expression of every rule."""
    for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def panels() -> Iterator[tuple[str, str]]:
    """Title and expression of every line of every panel."""
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], re.sub(r"label_values\((\w+), \w+\)", r"\1", variable["query"])
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


def names(expression: str) -> set[str]:
    """The figures that a PromQL *expression* asks for."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on)\s*\([^)]*\)", " ", bare)
    return {name for name in _NAME.findall(bare) if name not in WORDS and not name[0].isdigit()}


def labels(expression: str) -> Iterator[tuple[str, str]]:
    """Each figure, and each label by which it is chosen."""
    for name, matchers in _MATCHERS.findall(expression):
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers):
            yield name, label


EXPRESSIONS: Final = [*alerts(), *panels()]


@pytest.mark.parametrize("expression", [expression for _, expression in EXPRESSIONS])
def test_the_names_in_an_expression_are_found(expression: str) -> None:
    found = names(expression)
    assert found
    assert all(name in PROMETHEUS or name.startswith(("datafeed_", "process_")) for name in found), found
    assert expression.count("(") == expression.count(")")
    assert expression.count("{") == expression.count("}")


def test_every_figure_is_one_of_the_running_service(seen: Observed) -> None:
    there = seen.scraped.names | PROMETHEUS
    for title, expression in EXPRESSIONS:
        assert names(expression) <= there, title


def test_figures_are_chosen_by_labels_that_they_have(seen: Observed) -> None:
    for title, expression in EXPRESSIONS:
        for name, label in labels(expression):
            assert label in EVERYWHERE | seen.scraped.labels(name), f"{title}: {name} has no {label}"


def test_every_figure_of_the_running_service_is_documented(seen: Observed) -> None:
    page = (DEPLOY.parent / "operations.md").read_text()
    for family in seen.scraped.families.values():
        name = family.name.removeprefix("datafeed_") + ("_total" if family.type == "counter" else "")
        assert f"`{name}`" in page or name in ("process_virtual_memory_bytes", "process_max_fds"), name
