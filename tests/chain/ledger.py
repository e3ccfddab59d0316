"""A ledger in memory: what the real store answers, computed the plain way from the rows themselves."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.block import Block, SetAside
from app.domain.ledger import Batch, Packed
from app.domain.market import Market
from app.domain.trade import MarketState, PositionKey, Trade


@dataclass
class MemoryLedger:
    """Implements `app.domain.ledger.Ledger`. `questions` names the history methods asked, in order."""

    blocks: list[Block] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    versions: list[Market] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    first: int = 0

    def markets(self, market_ids: Collection[int]) -> Mapping[int, Market]:
        self.questions.append("markets")
        return {number: market for number, market in self._latest().items() if number in market_ids}

    def markets_by_factory_id(self, factory_market_ids: Collection[str]) -> Mapping[str, Sequence[Market]]:
        self.questions.append("markets_by_factory_id")
        latest = self._latest().values()
        answer = {name: [market for market in latest if market.factory_market_id == name] for name in factory_market_ids}
        return {name: markets for name, markets in answer.items() if markets}

    def markets_by_oracle(self, oracles: Collection[str]) -> Mapping[str, Sequence[Market]]:
        self.questions.append("markets_by_oracle")
        latest = self._latest().values()
        answer = {oracle: [market for market in latest if market.oracle_address == oracle] for oracle in oracles}
        return {oracle: markets for oracle, markets in answer.items() if markets}

    def tickers_taken(self, tickers: Collection[str]) -> Mapping[str, int]:
        self.questions.append("tickers_taken")
        return {market.ticker: number for number, market in self._latest().items() if market.ticker in tickers}

    def states(self, market_ids: Collection[int]) -> Mapping[int, MarketState]:
        self.questions.append("states")
        states: dict[int, MarketState] = {}
        for trade in self.trades:
            if trade.market_id in market_ids:
                before = states.get(trade.market_id, MarketState())
                price = trade.price if trade.price_type not in ("", "index") else before.price
                states[trade.market_id] = MarketState(price, trade.total_long_size, trade.total_short_size, trade.funding_rate)
        return states

    def position_sides(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, bool]:
        self.questions.append("position_sides")
        return {
            key: trade.is_long
            for trade in self.trades
            if trade.action == "open"
            and trade.size
            and trade.is_long is not None
            and (key := PositionKey(trade.market_id, trade.position_id)) in keys
        }

    def position_entries(self, keys: Collection[PositionKey]) -> Mapping[PositionKey, int]:
        self.questions.append("position_entries")
        moved = [trade for trade in self.trades if trade.action == "trade" and trade.is_long is not None]
        return {key: trade.entry_price for trade in moved if (key := PositionKey(trade.market_id, trade.position_id)) in keys}

    def recover(self) -> None:
        """Nothing is ever left half done here, and nobody else writes."""

    def hold(self) -> None:
        """Nobody else writes."""

    def release(self) -> None:
        """Nobody else writes."""

    def checkpoint(self) -> Block | None:
        return self.blocks[-1] if self.blocks else None

    def first_block(self) -> int | None:
        return self.first if self.blocks else None

    def committed(self, below: int, limit: int) -> list[Block]:
        return [block for block in reversed(self.blocks) if block.number < below][:limit]

    def pack(self, trades: Sequence[Trade]) -> Packed:
        return Packed(tuple(trades), len(trades), frozenset(trade.market_id for trade in trades), min(trade.timestamp for trade in trades))

    def commit(self, batch: Batch) -> None:
        if not self.blocks:
            self.first = batch.first_block
        self.trades += [trade for part in batch.packed for trade in part.rows] + batch.trades
        self.versions += batch.markets
        self.set_aside += batch.set_aside
        self.blocks += batch.blocks

    def rewind(self, block: int) -> None:
        self.trades = [trade for trade in self.trades if trade.block_number < block]
        self.versions = [market for market in self.versions if market.updated_block < block]
        self.set_aside = [log for log in self.set_aside if log.block_number < block]
        self.blocks = [other for other in self.blocks if other.number < block]

    def _latest(self) -> dict[int, Market]:
        return _latest(self.versions)


def _latest(versions: Iterable[Market]) -> dict[int, Market]:
    return {market.market_id: market for market in sorted(versions, key=lambda market: (market.updated_block, market.updated_log_index))}
