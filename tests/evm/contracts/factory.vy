# pragma version 0.4.3
"""
@title A factory of perpetual markets
@notice Each market is its own contract, made from one blueprint; MarketCreated is how the world learns of it.
"""

event MarketCreated:
    marketId: indexed(bytes32)
    symbol: String[64]
    vamm: indexed(address)
    vault: indexed(address)
    oracle: address
    collateralToken: address
    startingPrice: uint256
    marketType: uint8

event MarketStatusChanged:
    marketId: indexed(bytes32)
    isActive: bool

OWNER: public(immutable(address))
BLUEPRINT: public(immutable(address))

markets: public(HashMap[bytes32, address])


@deploy
def __init__(blueprint: address):
    OWNER = msg.sender
    BLUEPRINT = blueprint


@external
def create_market(
    symbol: String[64],
    vault: address,
    oracle: address,
    collateral_token: address,
    starting_price: uint256,
    depth: uint256,
    market_type: uint8,
) -> address:
    """
    @param starting_price Price of one unit in USD, 18 decimals.
    @param depth Virtual base reserve, 18 decimals.
    """
    market: address = create_from_blueprint(BLUEPRINT, msg.sender, oracle, starting_price, depth)
    market_id: bytes32 = keccak256(abi_encode(chain.id, market))
    self.markets[market_id] = market
    log MarketCreated(
        marketId=market_id,
        symbol=symbol,
        vamm=market,
        vault=vault,
        oracle=oracle,
        collateralToken=collateral_token,
        startingPrice=starting_price,
        marketType=market_type,
    )
    return market


@external
def set_status(market_id: bytes32, is_active: bool):
    assert msg.sender == OWNER, "owner only"
    assert self.markets[market_id] != empty(address), "no market"
    log MarketStatusChanged(marketId=market_id, isActive=is_active)
