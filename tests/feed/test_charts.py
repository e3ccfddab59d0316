"""Saved charts over HTTP: what the library saves it gets back, and every failure in the form that it reads."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store.client import Database, StoreError, embedded_database
from app.store.schema import migrate
from tests.depth import examples
from tests.feed.saving import BASE, User, check_refused, data

MOST_BYTES = 10 * 1024 * 1024
HOSTILE = ("' OR 1=1 --", "\\", "a\tb\r\nc\0d", "{item:String}", "`; DROP TABLE vamm_charts", "%27%00", "ключ 🗝", '"><script>', "../../etc")
RESOURCES = ("charts", "study_templates", "drawing_templates")
FILL = """
INSERT INTO vamm_charts (client, user, shelf, item, version, name, content)
SELECT 'site', 'ann', 'charts', toString(number), number, 'filled', concat('content ', toString(number)) FROM numbers(1, 900)
"""
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def client(engine_path: Path, _engine: Database) -> Iterator[TestClient]:
    """A client of the whole app: each test has users of its own."""
    with embedded_database(engine_path, "saved", size=8) as database:
        migrate(database)
        with TestClient(create_app(Settings(), database)) as client:
            yield client
    _engine.run("DROP DATABASE saved SYNC")


@pytest.fixture
def ann(client: TestClient, request: pytest.FixtureRequest) -> User:
    return User(client, f"ann of {request.node.name}")


def test_a_chart_from_its_first_save_to_its_end(ann: User) -> None:
    assert data(ann.get("charts")) == []
    before = int(time.time())
    number = ann.save('{"bars":1}', "Gold")
    assert 0 < number < 2**53
    (entry,) = data(ann.get("charts"))
    assert before <= entry["timestamp"] <= time.time()
    assert entry == {"id": number, "name": "Gold", "symbol": "VAMM:GOLD", "resolution": "60", "timestamp": entry["timestamp"]}
    loaded = data(ann.get("charts", chart=number))
    assert loaded == {"id": number, "name": "Gold", "timestamp": entry["timestamp"], "content": '{"bars":1}'}
    assert ann.save('{"bars":2}', "Gold II", chart=number) == number
    assert [entry["name"] for entry in data(ann.get("charts"))] == ["Gold II"]
    assert ann.content(number) == '{"bars":2}'
    assert ann.delete("charts", chart=number).json() == {"status": "ok"}
    assert data(ann.get("charts")) == []
    check_refused(ann.get("charts", chart=number), 404, str(number))
    check_refused(ann.delete("charts", chart=number), 404, str(number))
    check_refused(ann.post("charts", {"name": "n", "content": "c"}, chart=number), 404, str(number))
    assert data(ann.get("charts")) == []


def test_study_templates(ann: User) -> None:
    for content in ("one", "two"):
        assert ann.post("study_templates", {"name": "Mine", "content": content}).json() == {"status": "ok"}
    ann.post("study_templates", {"name": "Other", "content": "three"})
    assert data(ann.get("study_templates")) == [{"name": "Other"}, {"name": "Mine"}]
    assert data(ann.get("study_templates", template="Mine")) == {"name": "Mine", "content": "two"}
    assert ann.delete("study_templates", template="Mine").json() == {"status": "ok"}
    assert data(ann.get("study_templates")) == [{"name": "Other"}]
    check_refused(ann.get("study_templates", template="Mine"), 404, "Mine")
    check_refused(ann.delete("study_templates", template="Mine"), 404, "Mine")
    check_refused(ann.delete("study_templates"), 400, "template")


def test_drawing_templates_belong_to_a_tool(ann: User) -> None:
    ann.post("drawing_templates", {"name": "Red", "content": "line"}, tool="LineToolTrendLine")
    ann.post("drawing_templates", {"name": "Red", "content": "box", "tool": "LineToolRectangle"})
    ann.post("drawing_templates", {"content": "blue box"}, tool="LineToolRectangle", name="Blue")
    assert data(ann.get("drawing_templates", tool="LineToolTrendLine")) == ["Red"]
    assert data(ann.get("drawing_templates", tool="LineToolRectangle")) == ["Blue", "Red"]
    assert data(ann.get("drawing_templates", tool="LineToolRectangle", name="Red")) == {"name": "Red", "content": "box"}
    assert ann.delete("drawing_templates", tool="LineToolRectangle", name="Red").json() == {"status": "ok"}
    assert data(ann.get("drawing_templates", tool="LineToolRectangle")) == ["Blue"]
    assert data(ann.get("drawing_templates", tool="LineToolTrendLine", name="Red"))["content"] == "line"
    check_refused(ann.get("drawing_templates"), 400, "tool")
    check_refused(ann.post("drawing_templates", {"name": "n", "content": "c"}), 400, "tool")
    check_refused(ann.delete("drawing_templates", tool="LineToolRectangle"), 400, "name")


def test_what_is_anothers_is_not_there(client: TestClient, ann: User, request: pytest.FixtureRequest) -> None:
    number = ann.save("mine")
    for other in (User(client, "ben"), User(client, f"ann of {request.node.name}", site="elsewhere")):
        assert data(other.get("charts")) == []
        absent = other.get("charts", chart=number + 1)
        hidden = other.get("charts", chart=number)
        assert hidden.status_code == absent.status_code == 404
        assert hidden.text.replace(str(number), "N") == absent.text.replace(str(number + 1), "N")
        check_refused(other.delete("charts", chart=number), 404)
        check_refused(other.post("charts", {"name": "n", "content": "theirs"}, chart=number), 404)
    assert ann.content(number) == "mine"


@pytest.mark.parametrize(
    "content",
    ["", " ", "\r\n", "a\rb\nc", "".join(map(chr, range(256))), "\u2028\ufeff\uffff𝄞", '"\\ud800"', "&a=b;c%41+", "--x\r\n--"],
)
def test_content_comes_back_as_it_went(client: TestClient, ann: User, content: str) -> None:
    assert ann.content(ann.save(content)) == content
    form = urlencode({"name": "encoded", "content": content})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post(f"{BASE}/charts?client=site&user=encoded", content=form, headers=headers).json()
    assert User(client, "encoded").content(answer["id"]) == content


@settings(max_examples=examples(20), deadline=None)
@given(name=TEXTS, content=st.text(st.characters(exclude_categories=["Cs"]), max_size=500), user=TEXTS, tool=TEXTS)
def test_any_text_anywhere(client: TestClient, name: str, content: str, user: str, tool: str) -> None:
    somebody = User(client, user, "any")
    somebody.post("drawing_templates", {"name": name, "content": content}, tool=tool)
    assert data(somebody.get("drawing_templates", tool=tool, name=name)) == {"name": name, "content": content}
    assert name in data(somebody.get("drawing_templates", tool=tool))
    assert somebody.delete("drawing_templates", tool=tool, name=name).json() == {"status": "ok"}


def test_as_large_as_it_may_be_and_a_byte_more(ann: User) -> None:
    content = json.dumps({"line": 'a "quoted" text\\' * 9}) * 60_000
    content = content[:MOST_BYTES].ljust(MOST_BYTES, "x")
    number = ann.save(content)
    assert ann.content(number) == content
    check_refused(ann.post("charts", {"name": "n", "content": content + "x"}), 413, str(MOST_BYTES))
    check_refused(ann.post("charts", {"name": "n", "content": content * 2}), 413, str(MOST_BYTES))
    assert len(data(ann.get("charts"))) == 1


def test_a_thousand_charts(database: Database) -> None:
    database.run(FILL)
    with TestClient(create_app(Settings(), database)) as client:
        ann = User(client)
        assert [entry["id"] for entry in data(ann.get("charts"))] == list(range(900, 0, -1))
        saved = [ann.save(f"content {number}", f"chart {number}") for number in range(100)]
        assert [entry["id"] for entry in data(ann.get("charts"))] == [*saved[::-1], *range(900, 0, -1)]
        assert ann.content(saved[50]) == "content 50"
        assert ann.content(500) == "content 500"
        check_refused(ann.post("charts", {"name": "n", "content": "one more"}), 409, "1000")


def test_what_takes_more_than_a_query_may_is_refused_in_the_storages_form(database: Database) -> None:
    with TestClient(create_app(Settings(query_max_memory_bytes=30_000_000), database)) as client:
        ann = User(client)
        check_refused(ann.post("charts", {"name": "n", "content": "x" * MOST_BYTES}), 400, "store")
        number = ann.save("small")
        assert ann.content(number) == "small"
        assert ann.delete("charts", chart=number).status_code == 200


def test_others_things_do_not_count_against_the_rows_that_a_query_may_read(database: Database) -> None:
    database.run(FILL.replace("'ann'", "concat('user ', toString(number))").replace("900", "200000"))
    with TestClient(create_app(Settings(query_max_rows=10_000), database)) as client:
        ann = User(client)
        number = ann.save("1")
        assert ann.content(number) == "1"
        assert len(data(ann.get("charts"))) == 1
        assert ann.delete("charts", chart=number).status_code == 200  # and what else was deleted is looked for
        assert data(ann.get("charts")) == []


def test_a_user_has_so_many_and_no_more(database: Database) -> None:
    with TestClient(create_app(Settings(charts_max_per_user=2), database)) as client:
        ann = User(client)
        number = ann.save("1")
        ann.post("study_templates", {"name": "t", "content": "2"})
        check_refused(ann.post("charts", {"name": "n", "content": "3"}), 409, "2")
        assert ann.save("again", chart=number) == number
        ann.delete("charts", chart=number)
        ann.save("3")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_texts(client: TestClient, ann: User, text: str) -> None:
    number = ann.save("innocent")
    hostile = User(client, text, text)
    for resource, query in (("charts", {}), ("study_templates", {}), ("drawing_templates", {"tool": text})):
        assert hostile.post(resource, {"name": text, "content": text, "symbol": text, "resolution": text}, **query).status_code == 200
    (entry,) = data(hostile.get("charts"))
    assert entry["name"] == entry["symbol"] == entry["resolution"] == hostile.content(entry["id"]) == text
    assert data(hostile.get("study_templates", template=text)) == {"name": text, "content": text}
    assert data(hostile.get("drawing_templates", tool=text, name=text)) == {"name": text, "content": text}
    check_refused(hostile.get("charts", chart=text), 400, "chart")
    assert hostile.delete("study_templates", template=text).status_code == 200
    assert ann.content(number) == "innocent"


@pytest.mark.parametrize("chart", ["0", "-1", "1.0", "9007199254740992", "9" * 400, "x", "٣", "1 OR 1"])
def test_an_id_is_a_number(ann: User, chart: str) -> None:
    for response in (ann.get("charts", chart=chart), ann.delete("charts", chart=chart), ann.post("charts", {}, chart=chart)):
        check_refused(response, 400, "chart")


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_is_missing_or_too_long_is_named(client: TestClient, ann: User, resource: str) -> None:
    tool = {"tool": "T"} if resource == "drawing_templates" else {}
    long = "x" * 257
    for name in ("client", "user"):
        query = {"client": "c", "user": "u"} | tool
        check_refused(client.get(f"{BASE}/{resource}", params=query | {name: ""}), 400, name)
        check_refused(client.post(f"{BASE}/{resource}", params=query | {name: long}), 400, name, "256")
    forms: list[tuple[dict[str, str | bytes], str]] = [
        ({"name": "n"}, "content"),
        ({"content": "c"}, "name"),
        ({"name": "", "content": "c"}, "name"),
        ({"name": long, "content": "c"}, "name"),
        ({"name": b"\xff", "content": "c"}, "name"),
        ({"name": "n", "content": b"\xc3("}, "content"),
    ]
    for form, named in forms:
        check_refused(ann.post(resource, form, **tool), 400, named)
    assert data(ann.get(resource, **tool)) == []


@pytest.mark.parametrize("bytes_", ["%ff", "a%fe", "%c3(", "%ed%a0%80", "%ef%bf%bd"])
def test_what_is_not_utf8_is_nobodys_name(client: TestClient, ann: User, bytes_: str) -> None:
    usual = {"client": "site", "user": "ann", "tool": "T", "template": "t", "name": "n"}
    named = {"charts": ("client", "user"), "study_templates": ("client", "user", "template"), "drawing_templates": (*usual,)}
    for resource, names in named.items():
        for name in {*names} - {"template"} if resource == "drawing_templates" else names:
            query = "&".join(f"{each}={bytes_ if each == name else value}" for each, value in usual.items())
            for method in ("GET", "DELETE"):
                check_refused(client.request(method, f"{BASE}/{resource}?{query}"), 400, name, "UTF-8")
            if name != "template":
                form = {"content": (None, "c"), "name": (None, "n")}
                check_refused(client.post(f"{BASE}/{resource}?{query}", files=form), 400, name, "UTF-8")
    for name in ("symbol", "resolution"):
        check_refused(client.post(f"{BASE}/charts?client=site&user=u&{name}={bytes_}", files={"content": (None, "c")}), 400)


def test_what_a_query_cannot_name_is_not_saved_but_a_symbol_may_be_odd(ann: User) -> None:
    check_refused(ann.post("study_templates", {"name": "\ufffd", "content": "c"}), 400, "name")
    check_refused(ann.post("drawing_templates", {"name": "n", "tool": "\ufffd", "content": "c"}), 400, "tool")
    number = ann.post("charts", {"name": "n", "symbol": "A\ufffd", "content": "\ufffd"}).json()["id"]
    assert [entry["symbol"] for entry in data(ann.get("charts"))] == ["A\ufffd"]
    assert ann.content(number) == "\ufffd"


def test_symbol_and_resolution_may_be_missing_but_not_long(ann: User) -> None:
    number = ann.post("charts", {"name": "n", "content": "c"}).json()["id"]
    (entry,) = data(ann.get("charts"))
    assert (entry["id"], entry["symbol"], entry["resolution"]) == (number, "", "")
    for name in ("symbol", "resolution"):
        check_refused(ann.post("charts", {"name": "n", "content": "c", name: "x" * 257}), 400, name)


def test_what_there_is_not(client: TestClient) -> None:
    check_refused(client.get("/api/tradingview/storage/1.0/charts"), 404, "1.1/charts")
    check_refused(client.get(f"{BASE}/layouts"), 404, "1.1/charts")
    refused = client.put(f"{BASE}/charts?client=c&user=u")
    check_refused(refused, 405, "DELETE")
    assert "DELETE" in refused.headers["allow"]
    check_refused(client.post(f"{BASE}/charts?client=c&user=u", json={}), 415, "form")
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    check_refused(client.post(f"{BASE}/charts?client=c&user=u", content=b"--x\r\ncut", headers=headers), 400, "form")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_pages_of_other_origins_may_ask(client: TestClient, method: str) -> None:
    headers = {"Origin": "https://charts.example.org", "Access-Control-Request-Method": method}
    answer = client.options(f"{BASE}/charts", headers=headers | {"Access-Control-Request-Headers": "authorization"})
    assert answer.status_code == 200
    assert method in answer.headers["access-control-allow-methods"]
    refused = client.request(method, f"{BASE}/charts", headers=headers)
    check_refused(refused, 400, "client")
    assert refused.headers["access-control-allow-origin"] == "*"


def test_a_store_that_is_away(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise StoreError("ClickHouse cannot be reached: no route to host")

    for method in ("rows", "raw"):
        monkeypatch.setattr(Database, method, away)
    for response in (ann.get("charts"), ann.get("charts", chart=1), ann.post("charts", {"name": "n", "content": "c"})):
        check_refused(response, 503, "store")
        assert int(response.headers["retry-after"]) > 0


def test_a_fault_is_told_by_its_id_alone(ann: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("the password is swordfish")

    monkeypatch.setattr(Database, "rows", broken)
    response = ann.get("charts")
    check_refused(response, 500, "incident")
    assert "swordfish" not in response.text
    assert response.json()["message"].split()[-1] in caplog.text
