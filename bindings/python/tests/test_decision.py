import copy
import json
import pickle
from typing import get_args

import pytest

import example
import sendas
from sendas import Finding, Grant, Place, ReasonRow

SNAPSHOT = example.SNAPSHOT
DENIED = SNAPSHOT.evaluate(**example.request(envelope_sender="<grace@globex.example>"))
ALLOWED = SNAPSHOT.evaluate(**example.request())


def test_a_decision_is_neither_true_nor_false() -> None:
    for decision in (ALLOWED, DENIED):
        with pytest.raises(TypeError, match=r"`decision\.allowed`"):
            bool(decision)
        with pytest.raises(TypeError):
            not decision
    assert ALLOWED.allowed and not DENIED.allowed


def test_findings_say_what_is_wrong_and_where() -> None:
    assert (DENIED.stage, DENIED.verdict, DENIED.action) == ("message", "deny", "reject")
    assert DENIED.reasons == [
        Finding("address_not_owned", Place("envelope_sender", 0, 1, 21)),
        Finding("address_of_another_tenant", Place("envelope_sender", 0, 1, 21)),
    ]
    assert (DENIED.would_deny, DENIED.omitted, DENIED.omitted_grants) == ([], 0, 0)
    assert DENIED.snapshot_id == SNAPSHOT.id


def test_grants_say_what_gave_an_address() -> None:
    assert ALLOWED.reasons == []
    assert ALLOWED.grants == [
        Grant("own_address", Place("envelope_sender", 0, 1, 19)),
        Grant("own_address", Place("from", 0, 6, 24)),
    ]


def test_spans_count_octets_of_the_utf8_form() -> None:
    name = "Zoë"
    fields = [("Subject", "x"), ("From", f"{name} <grace@globex.example>")]
    finding = SNAPSHOT.evaluate(**example.request(header=fields)).reasons[0]
    assert (finding.place.subject, finding.place.field) == ("from", 1)
    assert fields[1][1].encode()[finding.place.start : finding.place.end] == b"grace@globex.example"


def test_the_octets_of_a_place_are_those_of_the_request() -> None:
    assert [DENIED.octets(finding.place) for finding in DENIED.reasons] == [b"grace@globex.example"] * 2
    assert [ALLOWED.octets(grant.place) for grant in ALLOWED.grants] == [b"alice@acme.example"] * 2
    assert ALLOWED.octets(Place("account", 0, 0, 0)) is None
    assert ALLOWED.octets(Place("from", 0, 0, 10_000)) is None
    with pytest.raises(ValueError, match="`subject` must be one of"):
        ALLOWED.octets(Place("body", 0, 0, 1))  # type: ignore[arg-type]


def test_replies_are_rendered_from_the_request() -> None:
    reply = DENIED.reply()
    text = "<grace@globex.example>: Sender address rejected: not owned by user alice"
    assert (reply.code, reply.enhanced, reply.text) == (550, "5.7.1", text)
    assert str(reply) == f"550 5.7.1 {text}"
    assert DENIED.reply("postfix").code == 553
    assert DENIED.reply(profile="rfc6409") == reply != DENIED.reply("postfix")
    assert ALLOWED.reply().code == 250
    with pytest.raises(ValueError, match="`profile` must be one of 'rfc6409', 'postfix', not 'exim'"):
        DENIED.reply("exim")  # type: ignore[arg-type]
    assert get_args(sendas.Profile) == ("rfc6409", "postfix")


def test_http_and_jmap_clients_are_told_the_same() -> None:
    text = DENIED.reply().text
    assert DENIED.problem() == {"status": 403, "title": "Forbidden", "detail": text}
    assert DENIED.set_error() == {"type": "forbiddenMailFrom", "description": text}
    assert ALLOWED.problem() is None
    assert ALLOWED.set_error() is None


def test_a_decision_is_written_as_json() -> None:
    members = json.loads(DENIED.to_json())
    assert members == DENIED.to_dict()
    assert members["reasons"] == [
        {"reason": finding.reason, "place": finding.place._asdict()} for finding in DENIED.reasons
    ]
    assert members["grants"] == [{"basis": grant.basis, "place": grant.place._asdict()} for grant in DENIED.grants]
    assert members["snapshot_id"] == SNAPSHOT.id
    assert members["reply"]["code"] == 550
    assert DENIED.to_dict("postfix")["reply"]["code"] == 553
    assert (members["problem"], members["set_error"]) == (DENIED.problem(), DENIED.set_error())


def test_decisions_compare_by_what_was_decided() -> None:
    assert SNAPSHOT.evaluate(**example.request()) == ALLOWED != DENIED
    assert ALLOWED != "allow"
    for value in (ALLOWED, DENIED.reply()):
        with pytest.raises(TypeError, match="unhashable"):
            hash(value)


def test_what_never_changes_is_its_own_copy() -> None:
    request = example.request()
    values = (
        sendas.Policy.from_toml(example.POLICY),
        SNAPSHOT,
        DENIED,
        DENIED.reply(),
        SNAPSHOT.evaluate_many([request]),
        SNAPSHOT.explain(**request, view="provider"),
        sendas.RequestRecord(now=example.NOW, channel="smtp"),
        sendas.Unquoted("alice@acme.example"),
    )
    for value in values:
        assert copy.copy(value) is value and copy.deepcopy([value])[0] is value, value
        with pytest.raises(TypeError, match="cannot pickle"):
            pickle.dumps(value)


def test_a_representation_names_the_reasons() -> None:
    expected = "<sendas.Decision deny at message: address_not_owned, address_of_another_tenant>"
    assert repr(DENIED) == expected
    assert repr(ALLOWED) == "<sendas.Decision allow at message>"
    assert repr(DENIED.reply()).startswith("<sendas.Reply 550 5.7.1 ")


def test_the_catalogue_is_that_of_the_engine() -> None:
    assert tuple(sendas.REASONS) == get_args(sendas.Reason)
    row = sendas.REASONS["from_missing"]
    assert isinstance(row, ReasonRow)
    assert (row.control, row.stage, row.verdict) == ("header", "message", "deny")
    assert all(row.control in (None, *get_args(sendas.Control)) for row in sendas.REASONS.values())
    assert all(row.doc.endswith(".") for row in sendas.REASONS.values())
    with pytest.raises(TypeError):
        sendas.REASONS["new"] = row  # type: ignore[index]


def test_every_public_name_exists_once() -> None:
    assert sorted(set(sendas.__all__)) == sorted(sendas.__all__)
    assert all(hasattr(sendas, name) for name in sendas.__all__)
