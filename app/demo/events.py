"""The contracts' events as raw logs: topics and data, encoded by hand because the simulation lives on speed."""

from typing import Final, NamedTuple

from eth_hash.auto import keccak

from app.demo.genesis import Listing
from app.demo.positions import Position


class Emitted(NamedTuple):
    """What a contract says: all 0x hex in lower case."""

    address: str
    topics: tuple[str, ...]
    data: str


SIGNATURES: Final = {
    "opened": "PositionOpened(address,uint256,bool,uint256,uint256,uint256,uint256)",
    "closed": "PositionClosed(address,uint256,uint256,uint256,int256,uint256)",
    "increased": "PositionIncreased(address,uint256,uint256,uint256,uint256,uint256)",
    "liquidated": "PositionLiquidated(address,uint256,address,uint256,uint256,uint256)",
    "funding_updated": "FundingUpdated(int256,uint256,int256)",
    "funding_paid": "FundingPaid(address,uint256,int256,uint256)",
    "fee_collected": "TradingFeeCollected(address,uint256)",
    "curve_updated": "BondingCurveUpdated(uint256,uint256,uint256)",
    "simple_opened": "PositionOpened(address,uint256,bool,uint256,uint256,uint256)",
    "simple_closed": "PositionClosed(address,uint256,uint256,uint256,int256)",
    "simple_price": "PriceUpdated(uint256,int256)",
    "oracle_price": "PriceUpdated(uint256)",
    "market_created": "MarketCreated(bytes32,string,address,address,address,address,uint256,uint8)",
    "market_status": "MarketStatusChanged(bytes32,bool)",
    "perpetual_changed": "PositionChanged(address,address,uint256,uint256,int256,uint256,int256,int256,int256,"
    "uint256,uint256,uint256,int256)",
    "perpetual_liquidated": "PositionLiquidated(address,address,uint256,uint256,uint256,address,uint256)",
    "perpetual_funding": "FundingRateUpdated(int256,uint256)",
    "perpetual_reserves": "ReserveSnapshotted(uint256,uint256,uint256)",
}
"""Every event the simulation emits, by our name for it."""

TOPICS: Final = {name: f"0x{keccak(signature.encode()).hex()}" for name, signature in SIGNATURES.items()}

_OPENED, _CLOSED, _INCREASED, _LIQUIDATED = (TOPICS[name] for name in ("opened", "closed", "increased", "liquidated"))
_SIMPLE_OPENED, _SIMPLE_CLOSED, _SIMPLE_PRICE = (TOPICS[name] for name in ("simple_opened", "simple_closed", "simple_price"))
_FEE, _CURVE = TOPICS["fee_collected"], TOPICS["curve_updated"]
_WRAP: Final = 1 << 256
_DATA: Final = tuple("0x" + "%064x" * count for count in range(16))
_COLLATERAL: Final = 0xC0113


def data(*words: int) -> str:
    """Unsigned *words* as 0x hex, 32 bytes each."""
    return _DATA[len(words)] % words


def signed(number: int) -> int:
    """*number* as the unsigned word that holds its two's complement."""
    return number % _WRAP


def address_word(address: str) -> str:
    return address[2:].rjust(64, "0")


def market_created(factory: str, listing: Listing) -> Emitted:
    symbol = listing.symbol.encode()
    text = symbol.hex() + "00" * (-len(symbol) % 32)
    words = (5 * 32, int(listing.oracle, 16), _COLLATERAL, int(listing.price * 10**18), listing.place % 3, len(symbol))
    topics = (TOPICS["market_created"], listing.market_id, f"0x{address_word(listing.contract)}", f"0x{address_word(listing.vault)}")
    return Emitted(factory, topics, data(*words) + text)


def market_status(factory: str, listing: Listing, *, is_active: bool) -> Emitted:
    return Emitted(factory, (TOPICS["market_status"], listing.market_id), data(is_active))


def oracle_price(listing: Listing, price: int) -> Emitted:
    return Emitted(listing.oracle, (TOPICS["oracle_price"],), data(price))


def funding_updated(listing: Listing, rate: int, index: int, premium: int) -> Emitted:
    """All three in 1e-8."""
    return Emitted(listing.contract, (TOPICS["funding_updated"],), data(signed(rate), index, signed(premium)))


def funding_paid(listing: Listing, position: Position, amount: int, index: int) -> Emitted:
    return Emitted(listing.contract, _about(TOPICS["funding_paid"], position), data(signed(amount), index))


def fee_collected(listing: Listing, position: Position, fee: int) -> Emitted:
    return Emitted(listing.contract, (_FEE, f"0x{position.trader}"), data(fee))


def curve_updated(listing: Listing, price: int, change: int) -> Emitted:
    return Emitted(listing.contract, (_CURVE,), data(price, 10**24 + price, change))


def opened(listing: Listing, position: Position, price: int, fee: int) -> Emitted:
    values = (position.is_long, position.size, price, position.leverage, fee)
    return Emitted(listing.contract, _about(_OPENED, position), data(*values))


def increased(listing: Listing, position: Position, entry: int, fee: int) -> Emitted:
    values = (position.added, position.size + position.added, entry, fee)
    return Emitted(listing.contract, _about(_INCREASED, position), data(*values))


def closed(listing: Listing, position: Position, size: int, price: int, pnl: int, fee: int) -> Emitted:
    values = (size, price, signed(pnl), fee)
    return Emitted(listing.contract, _about(_CLOSED, position), data(*values))


def liquidated(listing: Listing, position: Position, liquidator: str, size: int, price: int, fee: int) -> Emitted:
    topics = (*_about(_LIQUIDATED, position), f"0x{address_word(liquidator)}")
    return Emitted(listing.contract, topics, data(size, price, fee))


def simple_opened(listing: Listing, position: Position, price: int) -> Emitted:
    values = (position.is_long, position.size, price, position.leverage)
    return Emitted(listing.contract, _about(_SIMPLE_OPENED, position), data(*values))


def simple_closed(listing: Listing, position: Position, price: int, pnl: int) -> Emitted:
    return Emitted(listing.contract, _about(_SIMPLE_CLOSED, position), data(position.size, price, signed(pnl)))


def simple_price(listing: Listing, price: int, net_position: int) -> Emitted:
    return Emitted(listing.contract, (_SIMPLE_PRICE,), data(price, signed(net_position)))


def perpetual_changed(
    clearing_house: str, listing: Listing, position: Position, *, notional: int, exchanged: int, after: int, pnl: int, price: int, fee: int
) -> Emitted:
    """*exchanged* and *after* in the base asset, signed as the position; *notional*, *pnl* and *fee* in USD; all 1e-18."""
    margin = 0 if after == 0 else notional // position.leverage
    values = (margin, notional, signed(exchanged), fee, signed(after), signed(pnl), 0, 0, 0, price, 0)
    return Emitted(clearing_house, _of_trader(TOPICS["perpetual_changed"], listing, position), data(*values))


def perpetual_liquidated(
    clearing_house: str, listing: Listing, position: Position, liquidator: str, notional: int, base: int, fee: int
) -> Emitted:
    topics = _of_trader(TOPICS["perpetual_liquidated"], listing, position)
    return Emitted(clearing_house, topics, data(notional, base, fee, int(liquidator, 16), 0))


def perpetual_funding(listing: Listing, rate: int, underlying: int) -> Emitted:
    """The amm's own event; both 1e-18."""
    return Emitted(listing.contract, (TOPICS["perpetual_funding"],), data(signed(rate), underlying))


def perpetual_reserves(listing: Listing, quote: int, base: int, time: int) -> Emitted:
    """The amm's own event; reserves in 1e-18, *time* in seconds since 1970."""
    return Emitted(listing.contract, (TOPICS["perpetual_reserves"],), data(quote, base, time))


def _about(topic: str, position: Position) -> tuple[str, ...]:
    return (topic, f"0x{position.trader}", data(position.number))


def _of_trader(topic: str, listing: Listing, position: Position) -> tuple[str, ...]:
    return (topic, f"0x{position.trader}", f"0x{address_word(listing.contract)}")
