"""What every answer of the API must be, whatever was asked: of its surface's form, and silent about what goes on inside."""

import json
from typing import Any, Final, NoReturn

from httpx2 import Response

INSIDE: Final = ("Traceback", "DB::", "Poco", "Code: ", "SELECT", "clickhouse", "chdb", "pydantic", "orjson", 'File "', ".py")
"""Words of traces and of the engine. No request of these tests holds one."""

OF_NO_SURFACE: Final = "/api/charts/"
"""Told of in the plain form."""


def check_answer(response: Response, path: str) -> Any:
    """The answer's JSON: of an answer, or of a refusal in the form of *path*'s surface. None where the client has it already (304).

    The time alone is plain text.
    """
    assert response.status_code < 500, response.text
    check_headers(response)
    check_silent(response)
    if response.status_code == 304:
        assert not response.content
        return None
    if path.endswith("/time") and response.status_code == 200:
        assert response.text.isdigit()
        return int(response.text)
    assert response.headers["content-type"] == "application/json"
    answer = json.loads(response.content, parse_constant=_not_json)
    if response.status_code >= 400:
        asked = response.request.url.raw_path.decode().partition("?")[0]
        is_outside = "%0A" in asked or asked.count("/") < 3  # `..` may lead out of the surface
        check_refusal(answer, "" if is_outside else path)
    return answer


def check_refusal(answer: Any, path: str) -> None:
    """A failure in the form of *path*'s surface, with a text. No surface knows a path with a line's end in it."""
    form: dict[str, object] = {"success": False} if path and not path.startswith(OF_NO_SURFACE) else {}
    text = "error"
    if "/storage/" in path:
        form, text = {"status": "error"}, "message"
    elif path.startswith("/api/tradingview"):
        form, text = {"s": "error"}, "errmsg"
    assert {name: value for name, value in answer.items() if name != text} == form, answer
    assert isinstance(answer[text], str)
    assert answer[text].strip()


def check_headers(response: Response) -> None:
    """Nothing that was asked has become a header, or a line of one."""
    for name, value in response.headers.raw:
        assert name.lower() not in (b"x-injected", b"set-cookie")
        assert b"\r" not in value
        assert b"\n" not in value


def check_silent(response: Response) -> None:
    """No trace, no SQL, none of the engine's words."""
    assert not any(word in response.text for word in INSIDE), response.text


def _not_json(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")
