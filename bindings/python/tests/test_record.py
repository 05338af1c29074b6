import json
from pathlib import Path

import pytest

import example
import sendas
from sendas import RecordError, RequestRecord

FOLDER = Path(__file__).parents[3]
SNAPSHOT = example.SNAPSHOT

EVERY_FACT: sendas.Request = {
    "now": example.NOW,
    "channel": "api",
    "account": b"alice",
    "role": b"\xff",
    "client_ip": b"2001:db8::1",
    "credential_kind": "oauth",
    "credential_id": b"",
    "scopes": [b"mail.send"],
    "tls": "implicit",
    "smtputf8": True,
    "envelope_sender": b"<alice@acme.example>",
    "header": [(b"From", b" alice@acme.example")],
}


def test_recorded_requests_are_decided_as_every_language_decides_them() -> None:
    snapshot = sendas.Snapshot.compile(sendas.Policy.from_path(FOLDER / "examples/policy/policy.toml"))
    records = (FOLDER / "tests/json/requests.jsonl").read_bytes().splitlines()
    expected = (FOLDER / "tests/json/decisions.jsonl").read_text("utf-8").splitlines()
    requests = [RequestRecord.from_json(record).request() for record in records]
    decisions = snapshot.evaluate_many(requests)
    assert [decision.to_json().replace(snapshot.id, "0" * 32) for decision in decisions] == expected
    assert len(expected) > 5


def test_a_record_is_read_back_as_it_was_written() -> None:
    record = RequestRecord(**EVERY_FACT)  # type: ignore[misc]
    assert record.request() == EVERY_FACT
    again = RequestRecord.from_json(record.to_json())
    assert again == record != RequestRecord(now=0, channel="api")
    at_mail: sendas.Request = {**again.request(), "stage": "envelope"}
    expected: sendas.Request = {**EVERY_FACT, "stage": "envelope"}
    assert SNAPSHOT.evaluate(**at_mail) == SNAPSHOT.evaluate(**expected)
    assert repr(record) == f"<sendas.RequestRecord {record.to_json()}>"
    with pytest.raises(TypeError, match="unhashable"):
        hash(record)


def test_an_envelope_sender_keeps_its_form() -> None:
    for sender, recorded in [
        (None, None),
        (sendas.NULL, {"path": "<>"}),
        (sendas.Unquoted("a b@acme.example"), {"unquoted": "a b@acme.example"}),
    ]:
        record = RequestRecord(now=0, channel="smtp", envelope_sender=sender, header="From: a\r\n")
        members = json.loads(record.to_json())
        assert members.get("envelope") == recorded
        assert members["header"] == {"block": "From: a\r\n"}
        assert RequestRecord(**record.request()) == record  # type: ignore[misc]
    null = RequestRecord.from_json('{"now":"1970-01-01T00:00:00Z","channel":"smtp","envelope":{"null":true}}')
    assert null.request() == {"now": 0, "channel": "smtp", "smtputf8": False, "envelope_sender": sendas.NULL}


def test_every_problem_of_a_record_is_named() -> None:
    with pytest.raises(RecordError) as caught:
        RequestRecord.from_json('{"now":"2026-12-07T09:30:00Z","chanel":"smtp"}')
    assert [problem.help for problem in caught.value.diagnostics] == ["it is required", "did you mean `channel`?"]
    assert len(str(caught.value).splitlines()) == 2
    assert isinstance(caught.value, ValueError)
    assert not isinstance(caught.value, sendas.PolicyError)


def test_the_stage_is_no_fact() -> None:
    with pytest.raises(TypeError, match="unexpected argument `stage`"):
        RequestRecord(now=0, channel="smtp", stage="session")  # type: ignore[call-arg]
