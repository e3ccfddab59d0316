"""Methods of every route: HEAD is GET without its body, and what a route does not know is refused in its surface's form."""

from starlette.testclient import TestClient

from tests.fuzz.answers import check_answer
from tests.fuzz.routes import USUAL, asked


def test_head_is_get_without_a_body(client: TestClient) -> None:
    for route in asked(client):
        if route.method == "GET":
            path = route.path.replace("{symbol}", "GOLD")
            given = {name: USUAL[name] for name in route.parameters if name in USUAL}
            head, full = (client.request(method, path, params=given) for method in ("HEAD", "GET"))
            assert head.status_code == full.status_code
            assert head.headers["content-type"] == full.headers["content-type"]
            assert not head.content


def test_what_no_route_knows(client: TestClient) -> None:
    known: dict[str, set[str]] = {}
    for route in asked(client):
        known.setdefault(route.path.replace("{symbol}", "GOLD"), set()).add(route.method)
    for path, methods in known.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - methods:
            response = client.request(method, path)
            assert response.status_code == 405, (method, path)
            assert methods <= {each.strip() for each in response.headers["allow"].split(",")}
            check_answer(response, path)
