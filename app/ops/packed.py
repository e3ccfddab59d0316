"""Remembers what answers become when compressed, so that one that is served again need not be compressed again."""

from collections import OrderedDict
from typing import Final

BUDGET: Final = 16 * 1024 * 1024
"""Bytes of answers and their compressed forms that are kept."""

LARGEST: Final = 256 * 1024
"""Bytes of an answer that is worth its room."""

OVERHEAD: Final = 400
"""Bytes of an entry beside the two texts, about."""


class Packed:
    """The answers compressed last, within `BUDGET`. Not thread-safe."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, bytes], bytes] = OrderedDict()
        self.size = 0

    def get(self, encoding: str, body: bytes) -> bytes | None:
        """What *body* becomes, where that is known."""
        found = self._entries.get((encoding, body))
        if found is not None:
            self._entries.move_to_end((encoding, body))
        return found

    def put(self, encoding: str, body: bytes, packed: bytes) -> None:
        """Remember that *body* becomes *packed*."""
        if len(body) > LARGEST or (encoding, body) in self._entries:
            return
        self._entries[encoding, body] = packed
        self.size += len(body) + len(packed) + OVERHEAD
        while self.size > BUDGET:
            (_, oldest), its = self._entries.popitem(last=False)
            self.size -= len(oldest) + len(its) + OVERHEAD
