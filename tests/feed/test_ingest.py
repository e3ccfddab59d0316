"""Webhooks of providers: who is believed, and what is made of what they say."""

import contextlib
import gzip
import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.domain.hint import Hint
from app.feed.failures import RequestError
from app.feed.hints import ALCHEMY_SIGNATURE, QUICKNODE_SIGNATURE, hint_of
from app.feed.ingest import LONGEST_BODY
from app.main import create_app
from app.ops.mistakes import SettingsError
from app.settings import Settings, load_settings
from app.store.client import Database
from tests.depth import examples
from tests.hooks import KEY, PATH, TOKEN, activity, alchemy, graphql, quicknode

OTHER = "whsec_of_another_webhook"


class Listening:
    """The service, with something in its process that notes hints."""

    def __init__(self, database: Database) -> None:
        keys = Settings.model_validate({"alchemy_signing_keys": f"{OTHER},{KEY}", "quicknode_security_tokens": TOKEN})
        self.told: list[Hint] = []
        self.client = TestClient(create_app(keys, database, on_hint=self.told.append))

    def answered(self, request: dict[str, Any]) -> tuple[int, Any]:
        answer = self.client.post(PATH, **request)
        return answer.status_code, answer.json()


@pytest.fixture
def listening(database: Database) -> Iterator[Listening]:
    found = Listening(database)
    with found.client:
        yield found


def test_each_form_tells_of_its_newest_block(listening: Listening) -> None:
    forms: list[tuple[int | None, dict[str, Any]]] = [
        (17, alchemy(graphql(17))),
        (17, alchemy(graphql(17, number="0x11"), OTHER)),
        (None, alchemy(graphql(17, number=None))),  # whose query asked for no number
        (19, alchemy(activity(18, 19, 17))),
        (None, alchemy(activity())),
        (21, quicknode({"data": [{"number": "0x14"}], "metadata": {"batch_start_range": 20, "batch_end_range": 21}})),
        (23, quicknode([{"number": "0x16"}, {"block": {"number": "0x17"}, "receipts": []}])),
        (None, quicknode({"trades": 3})),  # as a filter left it
        (21, quicknode({"data": [{"number": "0x15"}]}, packed=gzip.compress(orjson.dumps({"data": [{"number": "0x15"}]})))),
    ]
    for block, request in forms:
        assert listening.answered(request) == (200, {"success": True, "block": block})
    assert listening.told == [Hint(block) for block, _ in forms]


def test_who_knows_no_key_has_nothing_done(listening: Listening) -> None:
    said = graphql(17)
    signed = alchemy(said)
    forged = [
        {"json": said},
        alchemy(said, "whsec_that_was_guessed"),
        alchemy(said, TOKEN),
        quicknode(said, KEY),
        signed | {"content": signed["content"].replace(b"17", b"18")},
        signed | {"headers": {"X-Alchemy-Signature": ""}},
        signed | {"headers": {"X-Alchemy-Signature": "ä".encode()}},
        quicknode(said) | {"headers": quicknode(said)["headers"] | {"X-QN-Nonce": "another"}},
        alchemy(b"nonsense", "whsec_that_was_guessed"),
    ]
    for request in forged:
        status, body = listening.answered(request)
        assert (status, body["success"]) == (401, False)
        assert KEY not in body["error"]
    assert listening.told == []


def test_nonsense_is_refused(listening: Listening) -> None:
    packed = gzip.compress(b"{}")
    bomb = gzip.compress(b" " * (LONGEST_BODY + 1))
    refused = [
        (400, "the body must be JSON", alchemy(b"")),
        (400, "the body must be JSON", alchemy(b"[" * 100_000)),
        (400, "type is missing", alchemy([])),
        (400, "type must be GRAPHQL, ADDRESS_ACTIVITY or NFT_ACTIVITY", alchemy({"type": "MINED_TRANSACTION", "event": {}})),
        (400, "block is missing", alchemy({"type": "GRAPHQL", "event": {"data": {"logs": []}}})),
        (400, "event.activity must be a list", alchemy({"type": "ADDRESS_ACTIVITY", "event": []})),
        (400, "number must be the number of a block", alchemy(graphql(-1))),
        (400, "number must be the number of a block", alchemy(graphql(1, number="0x" + "f" * 16))),
        (400, "number must be the number of a block", alchemy(graphql(1, number=True))),
        (400, "number must be the number of a block", alchemy(graphql(1, number=1e300))),
        (400, "the body is not gzip", quicknode({}, packed=b"{}")),
        (400, "the body is cut off", quicknode({}, packed=packed[:-6])),
        (413, f"the body is longer than {LONGEST_BODY} bytes", quicknode({}, packed=bomb)),
        (413, f"the body is longer than {LONGEST_BODY} bytes", alchemy(b" " * (LONGEST_BODY + 1))),
        (415, "Content-Encoding must be gzip, or none", {"content": b"{}", "headers": {"X-QN-Signature": "0", "Content-Encoding": "br"}}),
    ]
    for status, reason, request in refused:
        assert listening.answered(request) == (status, {"success": False, "error": reason})
    assert listening.client.get(PATH).status_code == 405
    assert listening.told == []


NAMES = st.sampled_from(["type", "event", "data", "block", "number", "activity", "blockNum", "metadata"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["GRAPHQL", "ADDRESS_ACTIVITY", "0x1f", "17"])
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=9)


@settings(max_examples=examples(40))
@given(st.sampled_from([ALCHEMY_SIGNATURE, QUICKNODE_SIGNATURE]), JSON)
def test_any_json_is_a_hint_or_refused(signature: str, content: Any) -> None:
    with contextlib.suppress(RequestError):
        block = hint_of({signature: "0"}, json.dumps(content).encode()).block
        assert block is None or 0 <= block < 2**63


def test_without_a_key_there_is_no_such_route(database: Database) -> None:
    with TestClient(create_app(Settings(), database)) as client:
        answer = client.post(PATH, **alchemy(graphql(17)))
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


@pytest.mark.parametrize(
    ("said", "given_settings"),
    [
        ("ALCHEMY_SIGNING_KEYS: must have 16 bytes or more each", {"alchemy_signing_keys": f"{KEY},short"}),
        ("RPC_URL: is not set", {"alchemy_signing_keys": KEY, "ingest_catch_up_ms": 1}),
        ("ALCHEMY_SIGNING_KEYS: is not set", {"rpc_url": "http://node.example.org", "ingest_catch_up_ms": 1}),
    ],
)
def test_settings_that_do_not_fit(said: str, given_settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given_settings.items():
        monkeypatch.setenv(name.upper(), str(value))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert said in str(refused.value)
    assert "short" not in str(refused.value)
