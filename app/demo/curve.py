"""The constant-product curve of a simulated amm: the reserves at which its spot price is a given one."""

from math import isqrt
from typing import Final

from app.demo.genesis import Listing

_ONE: Final = 10**18
DEPTH: Final = 10_000_000 * _ONE
"""Quote reserve of a market at its first price, in 1e-18 USD."""


def reserves(listing: Listing, price: int) -> tuple[int, int]:
    """Quote and base reserve of *listing*'s curve at *price*, all in 1e-18: their product stays, their quotient is the price."""
    product = DEPTH * (DEPTH * _ONE // int(listing.price * _ONE))
    quote = isqrt(product * price // _ONE)
    return quote, product // quote
