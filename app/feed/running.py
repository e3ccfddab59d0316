"""The store, as bars in memory begin with it."""

from collections.abc import Mapping, Sequence

from app.domain.bar import Seed
from app.store.reader import Reader


class StoredSeeds:
    """How markets stand in the store, between rewinds."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def seeds(self, market_ids: Sequence[int]) -> Mapping[int, Seed]:
        """How each of *market_ids* stands; absent are those of which a commit or a rewind is under way. StoreError where it is away."""
        return await self._reader.steady_of(market_ids, lambda store: store.running.seeds(market_ids))
