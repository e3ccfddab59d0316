"""Numbers stay as they were written, whatever is cut and joined."""

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cache.columns import Columns
from app.store.client import Database

numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 10**15), st.none())
tables = st.lists(st.tuples(st.integers(0, 4_000_000_000), numbers, numbers), unique_by=lambda row: row[0], max_size=40).map(sorted)
NAMES = ("t", "o", "funding_rate")


def written(rows: list[tuple[object, ...]], spaces: bool = True) -> bytes:
    """As the engine writes them."""
    columns = {name: [row[place] for row in rows] for place, name in enumerate(NAMES)}
    if not spaces:
        return orjson.dumps(columns)
    arrays = (f'\t"{name}": [{", ".join(orjson.dumps(value).decode() for value in values)}]' for name, values in columns.items())
    return ("{\n" + ",\n".join(arrays) + "\n}\n").encode()


@given(tables, st.data())
def test_cutting_and_joining(rows: list[tuple[object, ...]], data: st.DataObject) -> None:
    columns = Columns.parse(written(rows))
    assert columns.json() == written(rows, spaces=False)
    assert columns.bars == len(rows)
    assert Columns.parse(columns.json()) == columns
    times = [int(str(row[0])) for row in rows]
    moments = st.integers(0, 4_000_000_001) | st.sampled_from(times or [0])
    bounds = sorted(data.draw(st.lists(moments, min_size=1, max_size=5)))
    lower, upper = bounds[0], bounds[-1]
    inside = [row for row in rows if lower <= int(str(row[0])) < upper]
    assert columns.between(lower, upper).json() == written(inside, spaces=False)
    parts = [columns.between(0, lower), *columns.split(bounds), columns.between(upper, 2**33)]
    assert Columns.join(parts) == columns
    limit = data.draw(st.integers(1, 50))
    assert columns.newest(limit).json() == written(rows[-limit:], spaces=False)
    assert columns.newest(limit).bars == min(limit, len(rows))


@given(tables)
def test_rows_are_objects(rows: list[tuple[object, ...]]) -> None:
    found = Columns.parse(written(rows)).rows({"t": "time", "o": "open"})
    assert found == orjson.dumps([{"time": time, "open": price} for time, price, _ in rows])


@pytest.mark.parametrize("price", [0.1, 2000.5, 1e-7, 1.5e300, 123456789.123456789, 5e-324, 1 / 3, 0.0, 1e22])
def test_the_engines_floats_come_back_exactly(database: Database, price: float) -> None:
    body = database.raw("SELECT toUInt32(1) AS t, {price:Float64} AS o", "JSONColumns", {"price": price})
    found = orjson.loads(Columns.parse(body).json())["o"][0]
    assert math.isclose(found, price, rel_tol=0, abs_tol=0)
    assert Columns.parse(body).texts[b"o"] in body
