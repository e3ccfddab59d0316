"""When to ask again: exponential back-off with jitter, and never sooner than a node allows."""

from collections.abc import Callable
from typing import Final

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_never, wait_random_exponential

from app.chain.errors import ChainError, NodeUnavailable, RateLimited

MAX_PAUSE: Final = 15.0
"""Seconds: the longest back-off."""

MAX_RETRY_AFTER: Final = 60.0
"""Seconds: the longest pause a node may ask for; one that wants more is tried in between."""


def back_off(first: float) -> Callable[[RetryCallState], float]:
    """Pauses that grow from *first* seconds; a rate limit's own pause where the node named one."""
    grow = wait_random_exponential(multiplier=first, max=MAX_PAUSE)

    def pause(state: RetryCallState) -> float:
        error = failure(state)
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return min(max(error.retry_after, 0.0), MAX_RETRY_AFTER) + grow(state) / 10
        return grow(state)

    return pause


def failure(state: RetryCallState) -> BaseException | None:
    """The error of the attempt just made."""
    return state.outcome.exception() if state.outcome else None


def retrying(
    wait: Callable[[RetryCallState], float],
    *,
    attempts: int | None = None,
    on: tuple[type[ChainError], ...] = (NodeUnavailable, RateLimited),
    before_sleep: Callable[[RetryCallState], None] | None = None,
) -> AsyncRetrying:
    """Up to *attempts* tries (None: for ever); the last error is raised as it is."""
    return AsyncRetrying(
        wait=wait,
        stop=stop_after_attempt(attempts) if attempts else stop_never,
        retry=retry_if_exception_type(on),
        before_sleep=before_sleep,
        reraise=True,
    )
