"""Why the engine failed, in one line that may be logged."""

import re
from http.client import HTTPException

from app.domain.errors import DatafeedError

LONGEST_REASON = 500
"""Characters of the engine's message that are passed on: it may quote a statement's parameters."""

_SAID = re.compile(r"(?:Code: \d|Poco::Exc).*?(?= \(version | \(for url |, Stack trace|$)", re.MULTILINE)


def reason(error: BaseException) -> str:
    """One line: what the server said, or the system where no answer came; the driver buries both under words of its own."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and not isinstance(cause, DatafeedError):  # that one was told before
        causes.append(cause)
    if isinstance(causes[-1], OSError) and causes[-1].strerror:
        return f"ClickHouse cannot be reached: {causes[-1].strerror}"
    if isinstance(causes[-1], TimeoutError):
        return "ClickHouse did not answer in time"
    if any(isinstance(cause, ConnectionError | HTTPException) for cause in causes):
        return "ClickHouse broke the connection off"
    text = str(error).strip()
    said = _SAID.search(text)
    return (said[0] if said else next(iter(text.splitlines()), "") or type(error).__name__)[:LONGEST_REASON].rstrip()
