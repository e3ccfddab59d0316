"""Simulated chains that the tests of this folder share: computed once, never changed."""

import pytest

from app.demo.chain import DemoChain
from app.demo.genesis import Genesis

BUSY = Genesis(time=1_700_000_000, seed=7, markets=6, history=0, activity=2.0, clearing_house=True, funding_interval=3_600)
"""Every kind of market, and funding often enough to be seen within hours."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def busy() -> DemoChain:
    """A chain of about nine hours."""
    return DemoChain(BUSY, clock=None, head=16_000)


@pytest.fixture(scope="session")
def full_block(busy: DemoChain) -> int:
    """Number of a block of `busy` with several transactions, the first of them a trader's."""
    return next(
        number
        for number, transactions in busy.branch.blocks(900, 1_000)
        if len(transactions) > 2 and len(transactions[0][0].topics) == 3 and len(transactions[0]) > 1
    )
