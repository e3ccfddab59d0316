"""What one log of a market becomes: a row of `vamm_market_transactions`."""

from typing import Final, NamedTuple

LOG_INDEX_BITS: Final = 20
MAX_LOG_INDEX: Final = (1 << LOG_INDEX_BITS) - 1
MAX_BLOCK_NUMBER: Final = (1 << (64 - LOG_INDEX_BITS)) - 1


def ordinal(block_number: int, log_index: int) -> int:
    """The only true order of events, as one UInt64: (block, log index)."""
    return block_number << LOG_INDEX_BITS | log_index


class Trade(NamedTuple):
    """One event of a market. Amounts are integers in 1e-18 units (`fixed`), times are seconds since 1970.

    `price` is 0 and `price_type` empty where the event is no price point. `volume` is what the event adds to
    a candle's volume: 0 where it is no trade. `side` is the taker's direction (`buy`, `sell`, or empty where
    unknown or no trade); `is_long` is the side of the position. The four fields from `total_long_size` on are the
    market's running state after this event. `action` is what the protocol file says the event does.

    The fields after it are what some events tell besides: `entry_price` is the position's average price after the event (0 where
    that is not known), `position_size` its size, where the event tells it; the reserves are the curve's.
    """

    market_id: int
    market_symbol: str
    contract_address: str
    timestamp: int
    block_number: int
    transaction_hash: str
    log_index: int
    event_type: str
    price: int
    price_type: str
    volume: int
    size: int
    fee: int
    liquidation_volume: int
    side: str
    user_address: str
    position_id: int
    is_long: bool | None
    leverage: int
    pnl: int | None
    total_long_size: int
    total_short_size: int
    open_interest: int
    funding_rate: int | None
    chain_id: int
    action: str = ""
    entry_price: int = 0
    position_size: int | None = None
    index_price: int | None = None
    funding_index: int | None = None
    funding_premium: int | None = None
    quote_reserve: int | None = None
    base_reserve: int | None = None


class MarketState(NamedTuple):
    """A market's running state after its last event, in 1e-18 units; `price` 0 and `funding_rate` None where never seen."""

    price: int = 0
    long_size: int = 0
    short_size: int = 0
    funding_rate: int | None = None


class PositionKey(NamedTuple):
    """A position as contracts know it: its number within one market."""

    market_id: int
    position_id: int
