"""Options of the simulation."""

import pytest

from tests.depth import DEEP

SEEDS = 20 if DEEP else 2


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=SEEDS, help=f"simulated histories to run ({SEEDS})")
    parser.addoption("--first-seed", type=int, default=0, help="first of their seeds: a failing one is run alone with --seeds 1")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("first_seed")
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("seeds")))
