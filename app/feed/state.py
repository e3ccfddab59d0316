"""What the service's lifespan hands to every request."""

from typing import TypedDict

from app.store.reader import Reader


class State(TypedDict):
    """`max_bars` is the most bars that one answer holds."""

    reader: Reader
    max_bars: int
