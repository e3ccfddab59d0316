"""Every route of the API and every parameter that it reads, found out by asking: what is added is tested without being listed here."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import pytest
from httpx2 import Response
from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from app.feed.endpoint import Endpoint
from tests.feed.points import seconds

USUAL: Final = {
    "symbol": "GOLD", "symbols": "GOLD,EMPTY", "resolution": "60", "timeframe": "1h", "interval": "1h",
    "from": str(seconds("2024-03-01")), "to": str(seconds("2024-03-09")), "limit": "7",
    "client": "site", "user": "ann", "tool": "LineToolRay", "name": "Mine", "content": "{}",
}  # fmt: skip
"""What lets a request come as far as to what else it reads. Other parameters are left out."""

ASIDE: Final = ("client", "user", "chart")
"""Of a request with a form, these are in its query, the others in the form."""

Value = str | bytes
METHODS: Final = ("GET", "POST", "DELETE")


@dataclass(frozen=True)
class Asked:
    """One method of one route, and the parameters of its path, query and form."""

    method: str
    path: str
    parameters: tuple[str, ...]

    def request(self, client: TestClient, changes: Mapping[str, Value]) -> Response:
        """The answer to a usual request but for *changes*."""
        return self.send(client, {name: USUAL[name] for name in self.parameters if name in USUAL} | dict(changes))

    def send(self, client: TestClient, given: Mapping[str, Value]) -> Response:
        """The answer to a request with the parameters *given*."""
        path, rest = self.path, dict(given)
        for name in [name for name in rest if f"{{{name}}}" in path]:
            path = path.replace(f"{{{name}}}", quote(rest.pop(name), safe=""))
        if self.method != "POST":
            return client.request(self.method, f"{path}?{query(list(rest.items()))}")
        aside = [(name, value) for name, value in rest.items() if name in ASIDE]
        form = {name: (None, value) for name, value in rest.items() if name not in ASIDE}
        return client.post(f"{path}?{query(aside)}", files=form)


def query(pairs: Sequence[tuple[Value, Value]]) -> str:
    """*pairs* as a query string: bytes that are no text as well, and names that come twice."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def asked(client: TestClient) -> list[Asked]:
    """Everything below `/api` that the client's app answers."""
    return [
        Asked(method, path, parameters)
        for path, route in sorted(_routes(client.app.routes))  # type: ignore[attr-defined]
        if path.startswith("/api/")
        for method in METHODS
        if (parameters := _read(client, path, route, method)) is not None
    ]


def _routes(routes: Sequence[BaseRoute], prefix: str = "") -> Iterator[tuple[str, Route]]:
    for route in routes:
        if isinstance(route, Mount):
            yield from _routes(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            yield prefix + route.path, route


def _read(client: TestClient, path: str, route: Route, method: str) -> tuple[str, ...] | None:
    """The parameters of *route*; None where it does not know *method*."""
    described = getattr(route.endpoint, "__self__", None)
    if isinstance(described, Endpoint):
        return tuple(described.query.model_json_schema().get("properties", {})) if method == "GET" else None
    found: set[str] = {"content"} if method == "POST" else set()
    while True:
        with _noted() as names:
            given = {name: USUAL.get(name, "1") for name in found}
            if Asked(method, path, ()).send(client, given).status_code == 405:
                return None
        if names <= found:
            return tuple(sorted(found))
        found |= names


@contextlib.contextmanager
def _noted() -> Iterator[set[str]]:
    """Names of the parameters that are looked for meanwhile."""
    names: set[str] = set()
    plain = QueryParams.get

    def get(self: QueryParams, key: Any, default: Any = None) -> Any:
        names.add(key)
        return plain(self, key, default)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QueryParams, "get", get)
        yield names
