"""Logging: one line an event, readable or JSON, to standard error, with every secret of the settings blotted out."""

import logging
import sys
import time
from collections.abc import Iterable
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import orjson
from pydantic import SecretStr

from app.domain.errors import DatafeedError
from app.ops.legible import legible
from app.ops.request_id import CURRENT
from app.settings import Settings

SHORTEST_SECRET = 6
"""Characters: anything shorter would blot out ordinary words."""

SHORTEST_KEY = 16
"""Characters of a piece of a path or query that is taken for a key by itself: others are names of networks."""

BLOT = "***"

_QUIET = ("asyncio", "hypercorn.error", "httpx", "web3", "websockets")
"""Libraries that tell at `info` what is news only to themselves."""

_QUIETER = ("clickhouse_connect", "urllib3")
"""Libraries that warn of what they raise as well."""


def configure(settings: Settings, stream: TextIO | None = None) -> None:
    """Send the log of this process to *stream* (standard error), as `LOG_LEVEL` and `LOG_FORMAT` say. May be called again."""
    handler = logging.StreamHandler(stream) if stream else _StandardError()
    form = JsonFormatter if settings.log_format == "json" else TextFormatter
    shows_traces = settings.log_level == "debug"
    handler.setFormatter(form(secrets(settings), shows_traces=shows_traces))
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in _QUIETER:
        logging.getLogger(name).setLevel(max(level, logging.ERROR))


def secrets(settings: Settings) -> list[str]:
    """What must never be printed: secret values and, of URLs, whatever may hold a key. Longest first."""
    found: set[str] = set()
    for name in Settings.model_fields:
        value = getattr(settings, name)
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, SecretStr):
                found.update(_parts(item.get_secret_value()))
    return sorted((text for text in found if len(text) >= SHORTEST_SECRET), key=len, reverse=True)


class TextFormatter(logging.Formatter):
    """`12:30:01 warn app.chain.listener: what happened`, times in UTC."""

    converter = staticmethod(time.gmtime)

    def __init__(self, secrets: Iterable[str] = (), *, shows_traces: bool = False) -> None:
        """*secrets* are blotted out of every line; *shows_traces* is for known errors: others always show theirs."""
        super().__init__("%(asctime)s %(level)s %(name)s: %(message)s", "%H:%M:%S")
        self._secrets = tuple(secrets)
        self._shows_traces = shows_traces

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        record.level = _level(record)
        return self._blotted(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line itself, whatever others wrote in it; a trace below it keeps its lines."""
        record.message = legible(record.message.rstrip("\n"))
        if (request := CURRENT.get()) and request not in record.message:
            record.message += f" (request {request})"
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:
        """The trace of an error; of a known one its text and what to do, unless traces are wanted."""
        error = ei[1]
        if isinstance(error, DatafeedError) and not self._shows_traces:
            return legible(error.advice)
        return super().formatException(ei)

    def _blotted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        return text


class JsonFormatter(TextFormatter):
    """`{"time", "level", "logger", "message", "request"?, "error"?}`, times in ISO 8601 with milliseconds, UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as a JSON object on one line."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        entry = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": _level(record),
            "logger": record.name,
            "message": self._blotted(record.getMessage()),
        }
        if request := CURRENT.get():
            entry["request"] = request
        if record.exc_info:
            entry["error"] = self._blotted(self.formatException(record.exc_info))
        return orjson.dumps(entry).decode()


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to whatever is standard error at the time: a progress bar puts itself in between."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, stream: TextIO) -> None:
        """Nothing to keep."""


def _level(record: logging.LogRecord) -> str:
    return {"WARNING": "warn", "CRITICAL": "error"}.get(record.levelname, record.levelname.lower())


def _parts(secret: str) -> Iterable[str]:
    parts = urlsplit(secret)
    if not (parts.netloc and secret.rstrip("/") == f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"):
        yield secret  # but where a node is no secret
    if "://" in secret:
        whole = (parts.path.strip("/"), parts.query, parts.username or "", parts.password or "")
        pieces = (*parts.path.split("/"), *(pair.partition("=")[2] for pair in parts.query.split("&")))
        for part in (*whole, *(piece for piece in pieces if len(piece) >= SHORTEST_KEY)):
            yield from (part, unquote(part))  # as it is written, and as libraries tell it
