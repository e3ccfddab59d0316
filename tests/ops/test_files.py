"""Room for as many connections as may be open."""

import logging
import resource
from collections.abc import Iterator

import pytest

from app.ops import files


@pytest.fixture
def most() -> Iterator[int]:
    """How many files may be open, if they are asked for; a few less are at first."""
    now = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = now[1] if now[1] != resource.RLIM_INFINITY else now[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most - 100, now[1]))
    yield most
    resource.setrlimit(resource.RLIMIT_NOFILE, now)


def test_as_many_as_are_needed(most: int, caplog: pytest.LogCaptureFixture) -> None:
    files.allow(most - 50 - files.OTHERS)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == most - 50
    files.allow(1)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == most - 50
    assert not caplog.records


def test_says_where_there_may_not_be_so_many(most: int, caplog: pytest.LogCaptureFixture) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] == resource.RLIM_INFINITY:
        pytest.skip("there may be any number")
    with caplog.at_level(logging.WARNING):
        files.allow(most)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == most
    assert f"at most {most} files may be open at once, too few for {most} connections" in caplog.text
