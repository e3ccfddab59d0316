"""Error reports: what nobody expected goes to Sentry where a DSN is set, and nothing in it is secret or tells who asked."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from threading import Lock
from time import monotonic
from typing import Final
from uuid import NAMESPACE_OID, uuid4, uuid5

from app.domain.errors import DatafeedError
from app.ops.logs import secrets
from app.ops.request_id import CURRENT
from app.ops.scrubbing import Scrubber
from app.settings import Settings

MOST_A_MINUTE = 30
"""Reports: one fault may be met by every request. The log has them all."""

FLUSH_SECONDS = 2.0
"""That the end waits for reports which are not sent yet."""

HEARD: Final = ("app", "asyncio", "hypercorn")
"""Whose errors are reported. Other libraries log at this level what they raise as well, or what is only a connection lost."""


@contextmanager
def reporting(settings: Settings) -> Iterator[None]:
    """Report what nobody expected until the block ends: errors in the log, and the one that ends the block. Once a process.

    An error that the operator can mend (DatafeedError) is none. Without SENTRY_DSN nothing is loaded, and nothing is sent.
    """
    if not settings.sentry_dsn:
        yield
        return
    import sentry_sdk

    scrub = Scrubber(secrets(settings))
    sentry_sdk.init(
        settings.sentry_dsn.get_secret_value(),
        release=f"vamm-datafeed@{version('vamm-datafeed')}",
        environment=settings.sentry_environment,
        default_integrations=False,  # they patch what they watch, and add requests and whose they are
        auto_enabling_integrations=False,
        include_local_variables=False,
        send_client_reports=False,
        spotlight=False,
        before_send=lambda event, _: scrub(event),
        before_send_transaction=lambda event, _: scrub(event),
    )
    reports = Reports()
    logging.getLogger().addHandler(reports)
    try:
        yield
    except Exception as error:
        reports.report(error)
        raise
    finally:
        logging.getLogger().removeHandler(reports)
        sentry_sdk.get_client().close(timeout=FLUSH_SECONDS)
        sentry_sdk.get_global_scope().set_client(None)


class Reports(logging.Handler):
    """Handler of the log that sends its errors to Sentry, `MOST_A_MINUTE` at most."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(logging.ERROR)
        self._clock = clock
        self._since = float("-inf")
        self._sent = 0
        self._counting = Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Report the error that *record* tells of, under the id of its request."""
        try:
            if record.exc_info and record.exc_info[1] and record.name.partition(".")[0] in HEARD:
                self.report(record.exc_info[1], record.getMessage(), getattr(record, "request_id", CURRENT.get()))
        except Exception:
            self.handleError(record)

    def report(self, error: BaseException, said: str = "", request_id: str = "") -> None:
        """Send *error*, unless the operator can mend it or enough was sent."""
        if not isinstance(error, Exception) or isinstance(error, DatafeedError) or not self._has_room():
            return
        import sentry_sdk

        tags = {"request_id": request_id} if request_id else {}
        sentry_sdk.capture_exception(error, tags=tags, extras={"log": said}, contexts={"trace": trace(request_id)})

    def _has_room(self) -> bool:
        now = self._clock()
        with self._counting:
            if now - self._since >= 60:
                self._since, self._sent = now, 0
            self._sent += 1
            return self._sent <= MOST_A_MINUTE


def trace(request_id: str) -> dict[str, str]:
    """Ids by which Sentry puts together what it is told of one request."""
    return {"trace_id": (uuid5(NAMESPACE_OID, request_id) if request_id else uuid4()).hex, "span_id": uuid4().hex[:16]}
