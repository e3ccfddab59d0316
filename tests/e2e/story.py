"""A few days on the chain: every kind of trade, the edges of days, weeks and months, and two ways it could have ended."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.evm.exchange import ONE, Call, Exchange, Market

EARLY = 1
"""Position of account 1, opened in the first trade and closed in the last days."""


@dataclass(frozen=True, slots=True)
class Story:
    """The markets, and how many blocks every ending shares."""

    gold: Market
    silver: Market
    fork: int

    @property
    def markets(self) -> tuple[Market, Market]:
        return self.gold, self.silver


def at(text: str) -> int:
    """Seconds of an ISO date and time, UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


GENESIS = at("2024-02-28T09:00")


def beginning(exchange: Exchange) -> Story:
    """From the first trade to the evening before the endings: 28 February to 3 March 2024."""
    gold = exchange.create_market("GOLD", 2_000)
    silver = exchange.create_market("SILVER", 30, depth=100_000)
    _first_trades(exchange, gold, silver)
    busy = random.Random(1)
    _trading(exchange, (gold, silver), busy, at("2024-02-28T10:05"), steps=25, longest_gap=900)
    _edge(exchange, gold, silver, at("2024-03-01T00:00"))
    _crash(exchange, gold, at("2024-03-01T14:59:30"))
    _housekeeping(exchange, gold, at("2024-03-02T08:00"))
    _trading(exchange, (gold, silver), busy, at("2024-03-03T20:00"), steps=10, longest_gap=40)
    return Story(gold, silver, exchange.chain.snapshot())


def lost_ending(exchange: Exchange, story: Story) -> Market:
    """What a reorganisation takes back: over the week's edge the early position closes, and a third market opens. Returns that market."""
    _edge(exchange, story.gold, story.silver, at("2024-03-04T00:00"))
    exchange.block(at("2024-03-04T00:01"), story.gold.close(EARLY, 4_500), story.silver.open_long(2_000, by=7))
    copper = exchange.create_market("COPPER", 4)
    exchange.block(at("2024-03-04T00:02"), copper.open_long(100), story.gold.open_short(60_000, by=8))
    return copper


def true_ending(exchange: Exchange, story: Story) -> None:
    """What really happened: the early position closes in parts, later; more blocks than the lost ending had."""
    exchange.block(at("2024-03-03T23:59:58"), story.gold.open_short(700, by=4))
    exchange.block(at("2024-03-04T00:00:01"), story.gold.close(EARLY, 500), story.silver.open_short(1_000, by=4))
    _trading(exchange, story.markets, random.Random(2), at("2024-03-04T00:00:10"), steps=12, longest_gap=20)
    exchange.block(at("2024-03-04T03:00"), story.gold.close(EARLY, 4_000))


def _first_trades(exchange: Exchange, gold: Market, silver: Market) -> None:
    start = at("2024-02-28T10:00")
    exchange.block(start, gold.open_long(4_000, by=1), silver.open_short(900, by=2), gold.open_short(1_500, by=3), gold.open_long(10, by=2))
    exchange.block(start + 1, gold.increase(EARLY, 500, by=1))
    exchange.block(start + 2)
    exchange.block(start + 3, silver.close(1, 400, by=2), silver.open_long(20_000, by=3))


def _edge(exchange: Exchange, gold: Market, silver: Market, midnight: int) -> None:
    """Trades in the last second of one day and the first of the next, whose first event names no price."""
    exchange.block(midnight - 1, gold.open_long(1_200, by=5), silver.open_short(1_300, by=5))
    newest = gold.position_count
    exchange.block(midnight, gold.increase(newest, 300, by=5), silver.update_funding(), silver.open_long(50, by=6))
    exchange.block(midnight + 1, gold.close(newest, 1_500, by=5))


def _crash(exchange: Exchange, gold: Market, start: int) -> None:
    """A leveraged long is liquidated after a short has pushed the mark away."""
    exchange.block(start, gold.open_long(3_000, leverage=20, by=7))
    leveraged = gold.position_count
    exchange.block(start + 20, gold.open_short(90_000, leverage=2, by=8))
    exchange.block(start + 29, gold.liquidate(leveraged))
    exchange.block(start + 30, gold.close(leveraged + 1, 90_000, by=8))


def _housekeeping(exchange: Exchange, gold: Market, start: int) -> None:
    """What makes no candle: index prices, funding, parameters, a pause."""
    exchange.block(start, gold.set_index_price(1_950))
    exchange.block(start + 60, gold.update_funding(), gold.set_fee(20))
    exchange.block(start + 120, gold.pause())
    exchange.block(start + 3_600, gold.unpause(), gold.update_funding())


def _trading(exchange: Exchange, markets: tuple[Market, ...], chance: random.Random, start: int, *, steps: int, longest_gap: int) -> None:
    time = start
    for _ in range(steps):
        chosen = chance.sample(markets, chance.randint(1, len(markets)))
        exchange.block(time, *(_trade(exchange, market, chance) for market in chosen))
        time += chance.randint(1, longest_gap)


def _trade(exchange: Exchange, market: Market, chance: random.Random) -> Call:
    """Something that the market's state allows: more of a position, part or all of one closed, or a new one."""
    number = chance.randint(EARLY + 1, max(EARLY + 1, market.position_count))
    position = market.position(number)
    if position.size and (kind := chance.random()) < 0.6:
        owner = exchange.chain.accounts.index(position.user.lower())
        whole = position.size // ONE
        if kind < 0.2:
            return market.increase(number, chance.randint(1, 900), by=owner)
        return market.close(number, whole if kind < 0.4 else chance.randint(1, whole), by=owner)
    size, by = chance.randint(1, 4_000), chance.randint(2, 8)
    return market.open_long(size, by=by) if chance.random() < 0.5 else market.open_short(size, by=by)
