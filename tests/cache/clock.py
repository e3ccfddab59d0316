"""A clock that stands still until it is told otherwise."""


class Clock:
    """Seconds, as `time.monotonic` says them."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
