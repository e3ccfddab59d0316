"""A user of the charting library who saves charts."""

from collections.abc import Mapping
from typing import Any

from httpx2 import Client, Response

BASE = "/api/tradingview/storage/1.1"


class User:
    """Asks the storage as the library does."""

    def __init__(self, client: Client, user: str = "ann", site: str = "site") -> None:
        self._client = client
        self._who: dict[str, str | int] = {"client": site, "user": user}

    def get(self, resource: str, **query: str | int) -> Response:
        """GET with the user's name in the query."""
        return self._client.get(f"{BASE}/{resource}", params=self._who | query)

    def post(self, resource: str, form: Mapping[str, str | bytes], **query: str | int) -> Response:
        """POST *form* as multipart/form-data, as browsers send a FormData of texts."""
        parts = {name: (None, value) for name, value in form.items()}
        return self._client.post(f"{BASE}/{resource}", params=self._who | query, files=parts)

    def delete(self, resource: str, **query: str | int) -> Response:
        """DELETE with the user's name in the query."""
        return self._client.delete(f"{BASE}/{resource}", params=self._who | query)

    def save(self, content: str | bytes, name: str = "Mine", **query: str | int) -> int:
        """Save a chart and return its id."""
        answer = self.post("charts", {"name": name, "content": content, "symbol": "VAMM:GOLD", "resolution": "60"}, **query).json()
        assert answer["status"] == "ok", answer
        return int(answer["id"])

    def content(self, chart: int) -> str:
        """What a chart holds."""
        text: str = data(self.get("charts", chart=chart))["content"]
        return text


def data(response: Response) -> Any:
    """The data of an answer that tells no failure."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer["status"] == "ok"
    return answer["data"]


def check_refused(response: Response, status: int, *words: str) -> None:
    """A failure in the storage's form, with all of *words* in its message."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    answer = response.json()
    assert answer.keys() == {"status", "message"}
    assert answer["status"] == "error"
    assert all(word in answer["message"] for word in words), answer
