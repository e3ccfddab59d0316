# pragma version 0.4.3
"""
@title A perpetual market on a virtual automated market maker
@notice Positions are taken against virtual reserves on a constant-product curve: trades move the mark, no token changes hands.
@dev Sizes are USD notionals. Amounts and prices have 18 decimals, funding has 8.
"""

interface PriceOracle:
    def price() -> uint256: view

event PositionOpened:
    user: indexed(address)
    positionId: indexed(uint256)
    isLong: bool
    size: uint256
    price: uint256
    leverage: uint256
    fee: uint256

event PositionClosed:
    user: indexed(address)
    positionId: indexed(uint256)
    size: uint256
    price: uint256
    pnl: int256
    fee: uint256

event PositionIncreased:
    user: indexed(address)
    positionId: indexed(uint256)
    sizeAdded: uint256
    newSize: uint256
    newEntryPrice: uint256
    fee: uint256

event PositionLiquidated:
    user: indexed(address)
    positionId: indexed(uint256)
    liquidator: indexed(address)
    size: uint256
    price: uint256
    fee: uint256

event FundingUpdated:
    fundingRate: int256
    fundingIndex: uint256
    premiumFraction: int256

event FundingPaid:
    user: indexed(address)
    positionId: indexed(uint256)
    amount: int256
    fundingIndex: uint256

event TradingFeeCollected:
    user: indexed(address)
    amount: uint256

event BondingCurveUpdated:
    newPrice: uint256
    totalSupply: uint256
    priceChange: uint256

event ParametersUpdated:
    parameter: String[32]
    newValue: uint256

event Paused:
    pass

event Unpaused:
    pass

struct Position:
    user: address
    is_long: bool
    size: uint256
    base: uint256
    entry_price: uint256
    margin: uint256
    funding_index: uint256

ONE: constant(uint256) = 10**18
FUNDING_ONE: constant(uint256) = 10**8
FUNDING_PERIODS: constant(int256) = 24
BASIS_POINTS: constant(uint256) = 10_000
MAINTENANCE: constant(uint256) = 500
MAX_LEVERAGE: constant(uint256) = 100

OWNER: public(immutable(address))
ORACLE: public(immutable(address))
PRODUCT: immutable(uint256)

base_reserve: public(uint256)
quote_reserve: public(uint256)
open_interest: public(uint256)
fee_basis_points: public(uint256)
funding_index: public(uint256)
paused: public(bool)
position_count: public(uint256)
positions: public(HashMap[uint256, Position])


@deploy
def __init__(owner: address, oracle: address, starting_price: uint256, depth: uint256):
    """
    @param depth Virtual base reserve: the deeper, the less a trade moves the mark.
    """
    OWNER = owner
    ORACLE = oracle
    self.base_reserve = depth
    self.quote_reserve = depth * starting_price // ONE
    PRODUCT = self.base_reserve * self.quote_reserve
    self.fee_basis_points = 10
    self.funding_index = FUNDING_ONE


@view
@external
def mark_price() -> uint256:
    return self._mark()


@external
def open_position(is_long: bool, size: uint256, leverage: uint256) -> uint256:
    assert not self.paused, "paused"
    assert size > 0, "no size"
    assert leverage > 0 and leverage <= MAX_LEVERAGE, "leverage"
    price: uint256 = self._mark()
    fee: uint256 = self._fee(size)
    self.position_count += 1
    position_id: uint256 = self.position_count
    self.positions[position_id] = Position(
        user=msg.sender,
        is_long=is_long,
        size=size,
        base=self._enter(is_long, size),
        entry_price=price,
        margin=size // leverage,
        funding_index=self.funding_index,
    )
    self.open_interest += size
    log PositionOpened(
        user=msg.sender, positionId=position_id, isLong=is_long, size=size, price=price, leverage=leverage, fee=fee
    )
    self._settle_trade(msg.sender, fee, price)
    return position_id


@external
def increase_position(position_id: uint256, size_added: uint256):
    assert not self.paused, "paused"
    assert size_added > 0, "no size"
    position: Position = self.positions[position_id]
    assert position.user == msg.sender, "not yours"
    price: uint256 = self._mark()
    fee: uint256 = self._fee(size_added)
    self._pay_funding(position_id)
    new_size: uint256 = position.size + size_added
    new_entry: uint256 = (position.entry_price * position.size + price * size_added) // new_size
    self.positions[position_id].margin += position.margin * size_added // position.size
    self.positions[position_id].base += self._enter(position.is_long, size_added)
    self.positions[position_id].size = new_size
    self.positions[position_id].entry_price = new_entry
    self.open_interest += size_added
    log PositionIncreased(
        user=msg.sender, positionId=position_id, sizeAdded=size_added, newSize=new_size, newEntryPrice=new_entry, fee=fee
    )
    self._settle_trade(msg.sender, fee, price)


@external
def close_position(position_id: uint256, size: uint256):
    """
    @param size How much of the position to close: all of it, or a part.
    """
    assert not self.paused, "paused"
    position: Position = self.positions[position_id]
    assert position.user == msg.sender, "not yours"
    assert size > 0 and size <= position.size, "size"
    price: uint256 = self._mark()
    fee: uint256 = self._fee(size)
    self._pay_funding(position_id)
    self._leave(position_id, size)
    log PositionClosed(
        user=msg.sender, positionId=position_id, size=size, price=price, pnl=self._pnl(position, size, price), fee=fee
    )
    self._settle_trade(msg.sender, fee, price)


@external
def liquidate(position_id: uint256):
    position: Position = self.positions[position_id]
    assert position.size > 0, "no position"
    price: uint256 = self._mark()
    equity: int256 = convert(position.margin, int256) + self._pnl(position, position.size, price)
    assert equity < convert(position.size * MAINTENANCE // BASIS_POINTS, int256), "healthy"
    fee: uint256 = self._fee(position.size)
    self._pay_funding(position_id)
    self._leave(position_id, position.size)
    log PositionLiquidated(
        user=position.user, positionId=position_id, liquidator=msg.sender, size=position.size, price=price, fee=fee
    )
    self._settle_trade(position.user, fee, price)


@external
def update_funding():
    mark: int256 = convert(self._mark(), int256)
    index: int256 = convert(staticcall PriceOracle(ORACLE).price(), int256)
    premium: int256 = (mark - index) * convert(FUNDING_ONE, int256) // index
    rate: int256 = premium // FUNDING_PERIODS
    self.funding_index = convert(convert(self.funding_index, int256) + rate, uint256)
    log FundingUpdated(fundingRate=rate, fundingIndex=self.funding_index, premiumFraction=premium)


@external
def set_fee(basis_points: uint256):
    assert msg.sender == OWNER, "owner only"
    assert basis_points <= 100, "fee"
    self.fee_basis_points = basis_points
    log ParametersUpdated(parameter="feeBasisPoints", newValue=basis_points)


@external
def pause():
    assert msg.sender == OWNER, "owner only"
    self.paused = True
    log Paused()


@external
def unpause():
    assert msg.sender == OWNER, "owner only"
    self.paused = False
    log Unpaused()


@view
@internal
def _mark() -> uint256:
    return self.quote_reserve * ONE // self.base_reserve


@view
@internal
def _fee(size: uint256) -> uint256:
    return size * self.fee_basis_points // BASIS_POINTS


@pure
@internal
def _pnl(position: Position, size: uint256, price: uint256) -> int256:
    entry: int256 = convert(position.entry_price, int256)
    gain: int256 = convert(size, int256) * (convert(price, int256) - entry) // entry
    return gain if position.is_long else -gain


@internal
def _enter(is_long: bool, size: uint256) -> uint256:
    """
    @notice A long pays quote into the reserves, a short takes it out.
    @return The virtual base that the position now holds or owes.
    """
    before: uint256 = self.base_reserve
    if is_long:
        self.quote_reserve += size
    else:
        self.quote_reserve -= size
    self.base_reserve = PRODUCT // self.quote_reserve
    return before - self.base_reserve if is_long else self.base_reserve - before


@internal
def _leave(position_id: uint256, size: uint256):
    position: Position = self.positions[position_id]
    base: uint256 = position.base * size // position.size
    if position.is_long:
        self.base_reserve += base
    else:
        self.base_reserve -= base
    self.quote_reserve = PRODUCT // self.base_reserve
    self.positions[position_id].base -= base
    self.positions[position_id].margin -= position.margin * size // position.size
    self.positions[position_id].size -= size
    self.open_interest -= size


@internal
def _pay_funding(position_id: uint256):
    position: Position = self.positions[position_id]
    index: uint256 = self.funding_index
    if index == position.funding_index:
        return
    moved: int256 = convert(index, int256) - convert(position.funding_index, int256)
    owed: int256 = convert(position.size, int256) * moved // convert(FUNDING_ONE, int256)
    self.positions[position_id].funding_index = index
    log FundingPaid(user=position.user, positionId=position_id, amount=owed if position.is_long else -owed, fundingIndex=index)


@internal
def _settle_trade(user: address, fee: uint256, price_before: uint256):
    """
    @notice What follows every trade: its fee, and the mark it left behind.
    """
    price: uint256 = self._mark()
    change: uint256 = price - price_before if price > price_before else price_before - price
    log TradingFeeCollected(user=user, amount=fee)
    log BondingCurveUpdated(newPrice=price, totalSupply=self.open_interest, priceChange=change)
