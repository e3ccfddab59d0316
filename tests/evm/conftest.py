"""A fresh chain, served over HTTP, with the contracts on it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.evm.chain import EvmChain
from tests.evm.exchange import Exchange, Market
from tests.evm.server import serving

GENESIS = int(datetime(2024, 2, 28, 9, tzinfo=UTC).timestamp())


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    chain = EvmChain(GENESIS)
    with serving(chain) as url:
        yield Exchange(chain, url)


@pytest.fixture
def gold(exchange: Exchange) -> Market:
    return exchange.create_market("GOLD", 2_000)
