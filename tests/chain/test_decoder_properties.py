"""Whatever logs hold and however the chain is cut into segments: properties that hand-made cases would miss."""

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.chain.decoder import Decoded, Decoder
from app.chain.plan import Columns
from app.chain.protocol import SHIPPED, load_protocols
from app.chain.words import Unreadable
from app.domain.block import Log
from app.domain.fixed import fits
from app.domain.ledger import Batch
from tests.chain import logs as events
from tests.chain.ledger import MemoryLedger
from tests.chain.logs import ALICE, BOB, ONE, created, log, times
from tests.depth import examples

CATALOGUE = load_protocols()
SIGNATURES = sorted(value for name, value in vars(events).items() if name.isupper() and isinstance(value, str) and value.endswith(")"))

ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda value: "0x" + value.hex())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "address": ADDRESSES,
    "bool": st.booleans(),
    "bytes32": st.binary(min_size=32, max_size=32),
    "uint8": st.integers(0, 255),
    "uint256": st.integers(0, 10**20) | st.integers(0, 2**256 - 1),
    "int256": st.integers(-(10**20), 10**20) | st.integers(-(2**255), 2**255 - 1),
    "string": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50),
}
UNITS = {"leverage": 10**18, "fundingRate": 10**10, "fundingIndex": 10**10, "premiumFraction": 10**10, "positionId": 1, "marketType": 1}


def parameters(signature: str) -> list[tuple[str, str]]:
    inside = signature[signature.index("(") + 1 : -1]
    return [(part.split()[0], part.split()[-1]) for part in re.split(r",\s*", inside)] if inside else []


@settings(deadline=None)
@given(st.data())
def test_what_was_encoded_is_read(data: st.DataObject) -> None:
    signature = data.draw(st.sampled_from(SIGNATURES))
    values = {name: data.draw(VALUES[kind], name) for kind, name in parameters(signature)}
    entry = log(signature, *values.values())
    plan = CATALOGUE.plans[entry["topics"][0]]
    fields = [(field.name, field.slot) for field in plan.amounts] + [(field.name, field.slot) for field in plan.fields]
    mapped = {Columns._fields[slot]: name for name, slot in fields}
    if plan.text:
        mapped["symbol"] = "symbol"
    expected = {column: stored(name, values[name]) for column, name in mapped.items()}
    if signature in (events.CHANGED, events.LIQUIDATED_PERP):
        expected["position_id"] = int(expected["user_address"], 16)
    try:
        columns = plan.read(entry["topics"], entry["data"])
    except Unreadable:
        amounts = [value for name, value in expected.items() if type(value) is int and name != "position_id"]
        assert not all(fits(amount) for amount in amounts)
    else:
        assert columns == Columns(**expected)


def stored(name: str, value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value * UNITS.get(name, 1) if type(value) is int else value


NONSENSE = st.none() | st.booleans() | st.integers() | st.text(max_size=80) | st.lists(st.text(max_size=70), max_size=5)
TOPICS = st.lists(st.sampled_from(CATALOGUE.topics) | st.text("0123456789abcdefx", max_size=70) | st.none(), max_size=5)
HEX = st.binary(max_size=300).map(lambda value: "0x" + value.hex())
KEYS = ("address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex")
JUNK = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, NONSENSE)).map(lambda changes: {**log(events.PAUSED), **changes}) | st.builds(
    lambda topics, data: {**log(events.PAUSED), "topics": topics, "data": data}, TOPICS, HEX
)


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(JUNK | NONSENSE, max_size=6))
def test_nonsense_is_never_raised_and_never_lost(junk: list[Any]) -> None:
    good = [created(events.GOLD, "GOLD", (0, 0)), log(events.CURVE, ONE, ONE, ONE, at=(9, 0))]
    decoded = Decoder(CATALOGUE, 137, MemoryLedger()).decode([*good, *junk], dict.fromkeys(range(10), 5))
    assert any(trade.event_type == "BondingCurveUpdated" and trade.block_number == 9 for trade in decoded.trades)
    accounted = len(decoded.trades) + len(decoded.set_aside) + decoded.ignored.total()
    assert accounted + sum(market.factory_market_id != "" for market in decoded.markets) >= len(junk) + 2
    for aside in decoded.set_aside:
        "".join((aside.data, aside.contract_address, aside.transaction_hash, *aside.topics, aside.reason)).encode()


MARKETS = [f"0x{number:040x}" for number in range(1, 5)]
AMOUNTS = st.sampled_from([0, 1, ONE, 3 * ONE, 10**38])


def _event(market: str, position: int, amount: int, is_long: bool) -> st.SearchStrategy[tuple[str, tuple[Any, ...], str]]:
    signed = amount if is_long else -amount
    trader = BOB if position % 2 else ALICE
    name = bytes(31) + bytes([MARKETS.index(market)])
    return st.sampled_from([
        (events.OPENED, (trader, position, is_long, amount, amount, 2, 1), market),
        (events.OPENED_SIMPLE, (trader, position, is_long, amount, ONE, 2), market),
        (events.INCREASED, (trader, position, amount, 1, 1, 1), market),
        (events.CLOSED, (trader, position, amount, ONE, signed, 1), market),
        (events.LIQUIDATED, (trader, position, BOB, amount, ONE, 1), market),
        (events.CURVE, (amount, 1, 1), market),
        (events.FUNDING, (signed, 1, 1), market),
        (events.FUNDING_PERP, (signed, amount), market),
        (events.RESERVES, (amount, ONE, 1), market),
        (events.PAUSED, (), market),
        (events.PRICE_ORACLE, (amount,), events.ORACLE),
        (events.CHANGED, (trader, market, 1, amount, signed, 1, signed * 2, 1, 1, 0, 0, ONE, 0), events.BOB),
        (events.CHANGED, (trader, market, 1, 7 * amount, signed, 1, signed, 1, 1, 0, 0, ONE, 0), events.BOB),
        (events.CHANGED, (trader, market, 1, amount, -signed // 2, 1, signed, 1, 1, 0, 0, ONE, 0), events.FACTORY),
        (events.CREATED, (name, "GOLD", market, BOB, events.ORACLE, BOB, ONE, 1), events.FACTORY),
        (events.STATUS, (name, is_long), events.FACTORY),
    ])  # fmt: skip


EVENT = st.tuples(st.sampled_from(MARKETS), st.integers(0, 3), AMOUNTS, st.booleans()).flatmap(lambda drawn: _event(*drawn))


def follow(blocks: list[list[Log]], factories: frozenset[str], restarts: list[bool]) -> tuple[MemoryLedger, int]:
    """Decode and commit segment by segment; True in *restarts* forgets everything before that segment."""
    ledger = MemoryLedger()
    decoder = Decoder(CATALOGUE, 137, ledger, factories)
    ignored = 0
    for segment, restart in zip(blocks, restarts, strict=True):
        if restart:
            decoder.reset()
        decoded: Decoded = decoder.decode(segment, times(segment))
        ledger.commit(Batch(trades=decoded.trades, markets=decoded.markets, set_aside=decoded.set_aside))
        ignored += decoded.ignored.total()
        if segment:
            decoder.committed(int(segment[-1]["blockNumber"], 16))
    return ledger, ignored


@settings(max_examples=examples(200), deadline=None)
@given(st.lists(st.lists(EVENT, max_size=6), max_size=8), st.sampled_from([frozenset(), frozenset({events.FACTORY})]), st.data())
def test_segments_may_be_cut_at_any_block(drawn: Any, factories: frozenset[str], data: st.DataObject) -> None:
    blocks = [
        [log(signature, *values, at=(number, index), by=by) for index, (signature, values, by) in enumerate(block)]
        for number, block in enumerate(drawn, 1)
    ]
    whole, ignored = follow([[entry for block in blocks for entry in block]], factories, [False])
    restarts = data.draw(st.lists(st.booleans(), min_size=len(blocks), max_size=len(blocks)))
    cut, ignored_in_parts = follow(blocks, factories, restarts)
    assert cut.trades == whole.trades
    assert cut.versions == whole.versions
    assert cut.set_aside == whole.set_aside
    assert ignored_in_parts == ignored


def test_every_shipped_event_is_covered_here() -> None:
    assert {events.topic(signature) for signature in SIGNATURES} == set(CATALOGUE.topics)
    assert len(list(SHIPPED.glob("*.toml"))) == 4
