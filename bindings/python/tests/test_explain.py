import json

import pytest

import example
import sendas
from sendas import Place

SNAPSHOT = example.SNAPSHOT
FOREIGN = example.request(envelope_sender="<grace@globex.example>")


def test_the_provider_sees_everything() -> None:
    explanation = SNAPSHOT.explain(**FOREIGN, view="provider")
    decision = SNAPSHOT.evaluate(**FOREIGN)
    assert (explanation.view, explanation.stage, explanation.verdict) == ("provider", "message", "deny")
    assert [(reason.reason, reason.enforced) for reason in explanation.reasons] == [
        (finding.reason, True) for finding in decision.reasons
    ]
    assert "globex" in "".join(step.text for step in explanation.steps)


def test_a_tenant_sees_nothing_of_others() -> None:
    explanation = SNAPSHOT.explain(**FOREIGN, view="tenant")
    shown = json.dumps(explanation.to_dict())
    assert [reason.reason for reason in explanation.reasons] == ["address_not_owned"]
    assert "another_tenant" not in shown
    assert "another_tenant" not in str(explanation)


def test_near_misses_name_the_nearest_address() -> None:
    facts = example.request(envelope_sender="<alice@acme.example.test>", account="alice")
    misses = SNAPSHOT.explain(**facts, view="tenant").near_misses
    assert [(miss.place.subject, "alice@acme.example`" in miss.text) for miss in misses] == [("envelope_sender", True)]


def test_each_field_that_cannot_be_read_is_named_once() -> None:
    account = {"id": "alice", "resend": True}
    policy = {"schema": 1, "tenant": [{"id": "acme", "controls": {"header": "monitor"}, "account": [account]}]}
    snapshot = sendas.Snapshot.compile(sendas.Policy.from_json(json.dumps(policy)))
    header = [("From", "a@b.example"), ("Resent-From", "a(x)@b.example"), ("Resent-Sender", "b(x)@b.example")]
    explanation = snapshot.explain(**example.request(header=header), view="tenant")
    assert [step.text for step in explanation.steps if "cannot be read" in step.text] == [
        "`resent` (header field 1) cannot be read from octet 0 on: a comment inside an address",
        "`resent` (header field 2) cannot be read from octet 0 on: a comment inside an address",
    ]


def test_an_explanation_is_written_as_text_and_as_json() -> None:
    facts = example.request(envelope_sender="<grace@globex.example>", stage="envelope")
    explanation = SNAPSHOT.explain(**facts, view="provider")
    assert str(explanation).startswith("deny at the envelope stage\n")
    assert repr(explanation) == "<sendas.Explanation of deny at envelope for the provider>"
    members = json.loads(explanation.to_json())
    assert members == explanation.to_dict()
    assert list(members) == ["view", "stage", "verdict", "reasons", "steps", "near_misses"]
    place = {"subject": "envelope_sender", "field": 0, "start": 1, "end": 21}
    assert members["reasons"][0] == {"reason": "address_not_owned", "place": place, "enforced": True}
    assert {None, Place("envelope_sender", 0, 1, 21)} == {step.place for step in explanation.steps}
    assert [step["place"] for step in members["steps"] if step["place"]][0] == place


def test_who_reads_it_must_be_said() -> None:
    with pytest.raises(TypeError, match="missing argument `view`"):
        SNAPSHOT.explain(**FOREIGN)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="`view` must be one of 'provider', 'tenant', not 'admin'"):
        SNAPSHOT.explain(**FOREIGN, view="admin")  # type: ignore[arg-type]
    assert sendas.View.__args__ == ("provider", "tenant")  # type: ignore[attr-defined]
