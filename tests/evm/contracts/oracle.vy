# pragma version 0.4.3
"""
@title An index price that its owner sets
"""

event PriceUpdated:
    newPrice: uint256

OWNER: public(immutable(address))

price: public(uint256)


@deploy
def __init__(starting_price: uint256):
    OWNER = msg.sender
    self.price = starting_price


@external
def set_price(new_price: uint256):
    assert msg.sender == OWNER, "owner only"
    assert new_price > 0, "price"
    self.price = new_price
    log PriceUpdated(newPrice=new_price)
