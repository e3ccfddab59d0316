"""A part of a long answer, and where the next one begins."""

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
Cursor = TypeVar("Cursor")


class Page(NamedTuple, Generic[T, Cursor]):
    """Some of the answer's items; `next` is what to ask on from, None where this is the end.

    A cursor is a place in the order of the items, whether or not there is one any more: pages neither repeat nor leave out what
    was there all the time, whatever is added or taken back meanwhile.
    """

    items: list[T]
    next: Cursor | None
