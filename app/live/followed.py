"""One followed market: its running bars at all resolutions, as of one of its events, and what is told when more are folded into them."""

from collections.abc import Iterable, Iterator

from app.domain.bar import Seed
from app.domain.resolution import RESOLUTIONS
from app.domain.trade import Trade, ordinal
from app.live.bar import RunningBar, point
from app.live.updates import BarUpdate, Priced, Traded, Update

NEVER = 1 << 62
"""Seconds: later than any bar ends."""

_COARSEST = list(RESOLUTIONS)[-1]


class FollowedMarket:
    """What is known of a market. Events are folded in the chain's order; those that are in already are passed over.

    `chain_id` is None until an event told it; `ends` (seconds UTC) is when the first of the open bars does.
    """

    def __init__(self, market_id: int) -> None:
        self.market_id = market_id
        self.chain_id: int | None = None
        self.ends = NEVER
        self._bars: dict[str, RunningBar] = {}
        self._version = 0
        self._price: float | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is anything to fold into."""
        return bool(self._bars)

    @property
    def bars(self) -> dict[str, BarUpdate]:
        """The newest bar of each resolution that has one, as it was told last."""
        return {key: BarUpdate(self.market_id, key, running.bar, running.closed) for key, running in self._bars.items() if running.bar}

    def forget(self) -> None:
        """Know nothing any more but what was told last, and the chain."""
        self._bars = {}
        self.ends = NEVER

    def begin(self, seed: Seed, trades: Iterable[Trade]) -> None:
        """Go on from *seed*, with those of *trades* that it lacks. LateEvent where they do not follow it."""
        self._version = seed.version
        if seed.chain_id is not None:
            self.chain_id = seed.chain_id
        self._bars = {key: RunningBar.begun(resolution, seed.newest[key]) for key, resolution in RESOLUTIONS.items()}
        for trade in self._lacking(trades):
            self._fold(trade)

    def corrected(self, time: int) -> list[Update]:
        """All bars, as a correction; *time* (seconds UTC) is the chain's."""
        self._close(time)
        updates: list[Update] = []
        for key, running in self._bars.items():
            updates.append(BarUpdate(self.market_id, key, running.bar, closed=running.closed, corrected=True))
        return updates + self._price_change()

    def folded(self, trades: Iterable[Trade], time: int) -> list[Update]:
        """What *trades* change, and what has ended by *time*, the chain's (seconds UTC). LateEvent where they do not follow."""
        before = dict(self._bars)
        updates: list[Update] = []
        for trade in self._lacking(trades):
            updates += self._fold(trade)
        self._close(time)
        for key, running in self._bars.items():
            if (running.bar, running.closed) != (before[key].bar, before[key].closed):
                updates.append(BarUpdate(self.market_id, key, running.bar, closed=running.closed))
        return updates + self._price_change()

    def _lacking(self, trades: Iterable[Trade]) -> Iterator[Trade]:
        for trade in trades:
            place = ordinal(trade.block_number, trade.log_index)
            if place > self._version:
                self._version = place
                yield trade

    def _fold(self, trade: Trade) -> list[Update]:
        """The bars that *trade* ended, and itself. Those that it changed are told when all is folded."""
        self.chain_id = trade.chain_id
        added = point(trade)
        updates: list[Update] = []
        for key, running in self._bars.items():
            after = self._bars[key] = running.folded(added)
            if running.bar and not running.closed and after.end != running.end:
                updates.append(BarUpdate(self.market_id, key, running.bar, closed=True))
        if added.units:
            updates.append(Traded(trade))
        return updates

    def _close(self, time: int) -> None:
        self.ends = NEVER
        for key, running in self._bars.items():
            if not running.bar or running.closed:
                continue
            if time >= running.end:
                self._bars[key] = running._replace(closed=True)
            else:
                self.ends = min(self.ends, running.end)

    def _price_change(self) -> list[Update]:
        bar = self._bars[_COARSEST].bar
        if bar is None or bar.close == self._price:
            return []
        before, self._price = self._price, bar.close
        return [Priced(self.market_id, bar.close, before)]
