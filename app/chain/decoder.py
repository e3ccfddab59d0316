"""Logs into rows: consecutive segments of the chain, in order, with the past asked for in bulk."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.chain.book import Book, Listing, Openings, Wanted, nowhere
from app.chain.effects import effect
from app.chain.netted import UNKNOWN, entry_after, was_there
from app.chain.plan import FUNDING, INDEX, MARKET_CREATED, MARKET_STATUS, OPEN, TRADE, Columns
from app.chain.protocol import Catalogue
from app.chain.reading import Event, Reader, Reading
from app.chain.registry import OTHER_FACTORY, OTHER_SPEAKER, UNKNOWN_MARKET, Ignored, Registry
from app.chain.words import Unreadable
from app.domain.block import Log, SetAside
from app.domain.fixed import fits
from app.domain.ledger import History
from app.domain.market import Market
from app.domain.trade import Trade

UNDECLARED = "undeclared event"


@dataclass(slots=True)
class Decoded:
    """What a segment's logs became, each list in (block, log index) order, and how many logs were none of ours, by reason."""

    trades: list[Trade] = field(default_factory=list)
    markets: list[Market] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


class Decoder:
    """Decodes the logs of one chain, segment after segment, each log once and none skipped.

    *factories* (addresses, any case) are the only contracts that may make markets; with none named, any may. *openings* is asked
    for positions that were opened before anything in the *history*.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        chain_id: int,
        history: History,
        factories: frozenset[str] = frozenset(),
        openings: Openings = nowhere,
    ) -> None:
        self._reader = Reader(catalogue.plans, chain_id)
        self._book = Book(chain_id, history, frozenset(factory.lower() for factory in factories), openings)
        self._registry = Registry(self._book)

    def decode(self, logs: Sequence[Log] | Reading, timestamps: Mapping[int, int]) -> Decoded:
        """The rows of a segment's logs; *timestamps* holds the seconds of every block with a log.

        No log raises, whatever it holds. Where the history raises, nothing was decoded: the call may be made again.
        """
        reading = logs if isinstance(logs, Reading) else self._reader.read(logs)
        events, set_aside = self._reader.placed(reading, timestamps)
        self._book.prime(_wanted(events))
        self._book.prime_tickers(self._registry.tickers(events))
        decoded = Decoded(set_aside=set_aside)
        if reading.undeclared:
            decoded.ignored[UNDECLARED] = reading.undeclared
        for event in events:
            try:
                self._apply(event, decoded)
            except Ignored as reason:
                decoded.ignored[str(reason)] += 1
            except Unreadable as reason:
                log = reading.logs()[event.place]
                decoded.set_aside.append(self._reader.set_aside(log, str(reason), event.block_number, event.log_index, event.timestamp))
        decoded.markets.sort(key=lambda market: (market.updated_block, market.updated_log_index))
        decoded.set_aside.sort(key=lambda log: (log.block_number, log.log_index))
        return decoded

    def committed(self, block: int) -> None:
        """Everything up to *block* is durable, and the history answers for it: memory may be given back."""
        self._book.committed(block)

    def reset(self) -> None:
        """Forget everything: after a rewind, or where what was decoded will not be committed."""
        self._book.reset()

    def _apply(self, event: Event, decoded: Decoded) -> None:
        kind = event.plan.kind
        if event.plan.by_factory:
            if not self._registry.allows(event.emitter):
                raise Ignored(OTHER_FACTORY)
            change = self._registry.announce if kind is MARKET_CREATED else self._registry.set_status
            decoded.markets.append(change(event, event.said()))
        elif kind is INDEX:
            listings = [self._book.listings.live[contract] for contract in self._book.by_oracle.live[event.emitter]]
            listings.sort(key=lambda listing: listing.market_id)
            markets = [(listing, listing.market) for listing in listings if listing.market]
            if not markets:
                raise Ignored(UNKNOWN_MARKET)
            columns = event.said()
            decoded.trades += [self._row(event, columns, listing, market) for listing, market in markets]
        else:
            self._apply_market_event(event, decoded)

    def _apply_market_event(self, event: Event, decoded: Decoded) -> None:
        listing = self._book.listings.live.get(event.contract)
        if listing is None:
            # Unreadable, down to the market it speaks of: it matters if its sender does.
            raise Unreadable(event.problem) if self._registry.allows(event.emitter) else Ignored(UNKNOWN_MARKET)
        market = listing.market
        if market is None:
            if not self._registry.may_find(event):
                raise Ignored(UNKNOWN_MARKET)
            columns = event.said()
            market = self._registry.find(event, listing)
            decoded.markets.append(market)
        else:
            if event.plan.named_market and event.emitter != market.creator_address:
                raise Ignored(OTHER_SPEAKER)
            columns = event.said()
            if not market.protocol and (recognised := self._registry.recognise(event, listing, market)):
                decoded.markets.append(recognised)
                market = recognised
        decoded.trades.append(self._row(event, columns, listing, market))

    def _row(self, event: Event, columns: Columns, listing: Listing, market: Market) -> Trade:
        """The row of *event*, and the market's state moved on by it; `Unreadable` leaves the state as it was."""
        plan, timestamp, block_number, log_index, transaction_hash, emitter, *_ = event
        kind, is_long = plan.kind, columns.is_long
        position = (listing.address, columns.position_id)
        if is_long is None and plan.position_price:
            is_long = self._book.sides.live.get(position)
        opened_earlier = is_long is None and bool(plan.position_price)
        if opened_earlier:
            is_long = self._book.earlier_sides.live.get(position)
        entry_before = self._book.entries.live.get(position) if kind is TRADE else None
        price, price_type, volume, liquidation_volume, side, is_long, long_change, short_change = effect(
            plan, columns, listing.price, is_long, seen=entry_before is not None
        )
        if opened_earlier:  # its opening was never added to the open interest
            long_change = short_change = 0
        long_size, short_size = listing.long_size + long_change, listing.short_size + short_change
        if not fits(abs(long_size) + abs(short_size)):
            raise Unreadable("the market's open interest would not fit Decimal(38, 18)")
        listing.long_size, listing.short_size = long_size, short_size
        if price_type and kind is not INDEX:
            listing.price = price
        size, entry_price = columns.size, columns.entry_price
        position_size: int | None = None
        if kind is OPEN:
            if size:  # an opening of nothing opens nothing
                self._book.sides.live[position] = is_long
            entry_price = price
        elif kind is TRADE:
            entry_price = entry_after(columns, entry_before or UNKNOWN)
            if is_long is not None:
                self._book.entries.live[position] = entry_price
            size, position_size = abs(size), abs(columns.size_after)
        elif kind is FUNDING:
            listing.funding_rate = columns.funding_rate
        return _trade(
            (
                market.market_id,
                market.symbol,
                emitter,
                timestamp,
                block_number,
                transaction_hash,
                log_index,
                plan.name,
                price,
                price_type,
                volume,
                size,
                columns.fee,
                liquidation_volume,
                side,
                columns.user_address,
                columns.position_id,
                is_long,
                columns.leverage,
                columns.pnl,
                long_size,
                short_size,
                long_size + short_size,
                listing.funding_rate,
                self._book.chain_id,
                plan.action,
                entry_price,
                position_size,
                columns.index_price or None,  # a price of 0 is no price
                columns.funding_index,
                columns.funding_premium,
                columns.quote_reserve,
                columns.base_reserve,
            )
        )


_trade = Trade._make  # calling the class with as many arguments costs a third more


def _wanted(events: Sequence[Event]) -> Wanted:
    """What *events* need to know of the past. A side told earlier in the same segment need not be asked for."""
    wanted = Wanted(newest_block=events[-1].block_number if events else -1)
    opened: set[tuple[str, int]] = set()
    for event in events:
        columns, kind = event.columns, event.plan.kind
        if kind is INDEX:
            wanted.oracles.add(event.emitter)
            continue
        if event.contract:
            wanted.contracts.add(event.contract)
        if columns is None:
            continue
        if kind is MARKET_CREATED:
            wanted.oracles.add(columns.oracle_address)
            wanted.factory_ids.add((event.emitter, columns.factory_market_id))
        elif kind is MARKET_STATUS:
            wanted.factory_ids.add((event.emitter, columns.factory_market_id))
        elif event.plan.position_price:
            position = (event.contract, columns.position_id)
            if kind is OPEN:
                if columns.size:
                    opened.add(position)
            elif position not in opened:
                wanted.positions.add(position)
        elif kind is TRADE and was_there(columns):
            wanted.netted.add((event.contract, columns.position_id))
    return wanted
