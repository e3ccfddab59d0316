"""When a market's funding is due."""


def next_funding(last: int | None, interval: int, now: int) -> int | None:
    """The first time after *now* that is a whole number of *interval*s (> 0) after the *last* update; None where there never was one.

    All in seconds.
    """
    if last is None:
        return None
    return last + interval * max(1, (now - last) // interval + 1)
