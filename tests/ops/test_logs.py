"""The log: its two forms, its levels, and that secrets are blotted out of it."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Literal

import pytest

from app.domain.errors import DatafeedError
from app.ops.logs import configure
from app.ops.request_id import CURRENT
from app.settings import Settings

logger = logging.getLogger("app.test")


class Broken(DatafeedError):
    """It broke."""

    help = "Mend it."


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    yield
    logging.captureWarnings(False)
    root.setLevel(before[0])
    root.handlers[:] = before[1]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def fail(error: Exception) -> None:
    try:
        raise error
    except type(error):
        logger.exception("it failed")


def test_a_line_says_when_how_bad_where_and_what(stream: io.StringIO) -> None:
    configure(Settings(), stream)
    logger.warning("lag of %d blocks", 7)
    assert re.fullmatch(r"\d\d:\d\d:\d\d warn app\.test: lag of 7 blocks\n", stream.getvalue())


@pytest.mark.parametrize(("form", "named"), [("text", "(request trace-7)"), ("json", '"request":"trace-7"')])
def test_a_line_of_a_request_names_it(stream: io.StringIO, form: Literal["text", "json"], named: str) -> None:
    configure(Settings(log_format=form), stream)
    token = CURRENT.set("trace-7")
    logger.warning("slow")
    CURRENT.reset(token)
    logger.warning("idle")
    during, after = stream.getvalue().splitlines()
    assert named in during
    assert "request" not in after


def test_json_is_one_object_a_line(stream: io.StringIO) -> None:
    configure(Settings(log_format="json"), stream)
    logger.info("two\nlines")
    fail(ValueError("no number"))
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.keys() == {"time", "level", "logger", "message"}
    assert (first["level"], first["logger"], first["message"]) == ("info", "app.test", "two\nlines")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    assert second["level"] == "error"
    assert second["error"].splitlines()[-1] == "ValueError: no number"


def test_below_the_level_nothing_is_said(stream: io.StringIO) -> None:
    configure(Settings(log_level="error"), stream)
    logger.warning("unheard")
    assert stream.getvalue() == ""


def test_libraries_are_quiet_but_for_warnings(stream: io.StringIO) -> None:
    configure(Settings(), stream)
    logging.getLogger("websockets.client").info("unheard")
    logging.getLogger("websockets.client").warning("heard")
    logging.getLogger("urllib3.connectionpool").warning("unheard: it is raised as well")
    assert stream.getvalue().endswith("warn websockets.client: heard\n")


def test_where_a_node_is_can_be_read(stream: io.StringIO) -> None:
    configure(Settings(rpc_url="http://127.0.0.1:8545,https://node.example/key-of-mine"), stream)
    logger.warning("http://127.0.0.1:8545 and https://node.example answer, https://node.example/key-of-mine does not")
    assert stream.getvalue().endswith("http://127.0.0.1:8545 and https://node.example answer, *** does not\n")


def test_a_known_error_shows_what_to_do_and_its_trace_only_at_debug(stream: io.StringIO) -> None:
    configure(Settings(), stream)
    fail(Broken())
    assert stream.getvalue().endswith("it failed\nIt broke. Mend it.\n")
    configure(Settings(log_level="debug"), stream)
    fail(Broken())
    assert "Traceback" in stream.getvalue()


def test_an_unknown_error_always_shows_its_trace(stream: io.StringIO) -> None:
    configure(Settings(), stream)
    fail(ZeroDivisionError("bug"))
    assert "Traceback" in stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_secrets_are_blotted_out(stream: io.StringIO, form: str) -> None:
    settings = Settings(
        log_format=form,
        rpc_url="https://node.example/v2/hunter2hunter2?token=hunter3hunter3,wss://user:hunter4hunter4@backup.example",
        clickhouse_password="hunter5hunter5",
    )
    configure(settings, stream)
    logger.info("GET /v2/hunter2hunter2 and token=hunter3hunter3, with hunter4hunter4 at node.example")
    fail(ValueError("password hunter5hunter5 refused"))
    assert "hunter" not in stream.getvalue()
    assert "node.example" in stream.getvalue()


def test_pieces_of_a_url_are_secrets_as_they_are_written_and_as_they_are_meant(stream: io.StringIO) -> None:
    node = "https://node.example/v2/hunter2hunter2hunter2/arbitrum-one?network=ethereum&key=hunter3hunter3%2Bhunter3"
    configure(Settings(rpc_url=node, redis_url="redis://:hunter%40hunter4@cache.example"), stream)
    logger.info("keys hunter2hunter2hunter2, hunter3hunter3+hunter3, hunter3hunter3%2Bhunter3 on arbitrum-one, ethereum")
    logger.info("passwords hunter@hunter4 and hunter%40hunter4")
    assert "hunter" not in stream.getvalue()
    assert "on arbitrum-one, ethereum" in stream.getvalue()


def test_a_line_stays_one_line_whatever_is_in_it(stream: io.StringIO) -> None:
    configure(Settings(), stream)
    logger.info("market %s", "GOLD\n12:00:00 error app: forged \x1b[2J")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("market GOLD\\n12:00:00 error app: forged \\x1b[2J")
