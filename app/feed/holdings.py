"""The store, as users' positions are pushed from it."""

from collections.abc import Collection, Mapping

from app.domain.trade import PositionKey
from app.live.payloads import Holding
from app.store.position_reader import Position
from app.store.reader import Reader
from app.store.readers import Readers

Found = dict[PositionKey, Holding | None]


class StoredHoldings:
    """Positions by owner, and as they stand, between rewinds. DatafeedError where the store is away."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def open_of(self, owner: str, limit: int) -> list[PositionKey]:
        """Up to *limit* open positions of *owner*; those of a market that is being taken apart may be missing."""
        page = await self._reader.read(lambda store: store.positions.of_owner(owner, limit=limit, open_only=True))
        return [PositionKey(position.market_id, position.position_id) for position in page.items]

    async def at(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, Holding | None]:
        """How each of *keys* stands, None where there is no such position; absent are those of a market that is being taken apart."""
        market_ids = {key.market_id for key in keys}

        def ask(store: Readers) -> dict[int, Found]:
            tickers = {listing.market_id: listing.ticker for listing in store.markets.listings(market_ids)}
            positions = store.positions.at(keys)
            found: dict[int, Found] = {market_id: {} for market_id in market_ids}
            for key in keys:
                position = positions.get(key)
                found[key.market_id][key] = _holding(position, tickers[key.market_id]) if position and key.market_id in tickers else None
            return found

        steady = await self._reader.steady_of(market_ids, ask)
        return {key: holding for found in steady.values() for key, holding in found.items()}


def _holding(position: Position, symbol: str) -> Holding:
    return Holding(
        PositionKey(position.market_id, position.position_id),
        position.owner,
        symbol,
        position.is_long,
        position.size,
        position.entry,
        position.realised_pnl,
        position.fees,
        position.liquidated,
        position.updated_at,
    )
