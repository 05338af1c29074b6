from collections.abc import Callable
from typing import get_args

import pytest

import example
import sendas

SNAPSHOT = example.SNAPSHOT
NOW = example.NOW


def open_session() -> sendas.Session:
    return SNAPSHOT.session(now=NOW, channel="smtp", account=b"alice")


def test_each_stage_has_its_decision() -> None:
    session = open_session()
    assert (session.decision.stage, session.decision.verdict) == ("session", "allow")
    assert session.decision.reply().code == 235
    at_mail = session.mail_from(SNAPSHOT, b"<alice@acme.example>", now=NOW)
    assert (at_mail.stage, at_mail.verdict, at_mail) == ("envelope", "allow", session.decision)
    at_end = session.message(b"From: grace@globex.example\r\n\r\n")
    assert (at_end.stage, at_end.verdict, at_end) == ("message", "deny", session.decision)
    assert repr(session) == "<sendas.Session, deny at message>"


def test_each_decision_keeps_its_own_request() -> None:
    session = open_session()
    first = session.mail_from(SNAPSHOT, "<a@globex.example>", now=NOW)
    second = session.mail_from(SNAPSHOT, "<b@globex.example>", now=NOW)
    third = session.message("From: c@globex.example\r\n\r\n")
    assert [str(decision.reply()).split()[2] for decision in (first, second, third)] == [
        "<a@globex.example>:",
        "<b@globex.example>:",
        "<b@globex.example>:",
    ]


def test_a_revocation_reaches_an_open_session() -> None:
    session = open_session()
    assert session.mail_from(SNAPSHOT, "<alice@acme.example>", now=NOW).allowed
    revoked = SNAPSHOT.remove_tenant("acme")
    decision = session.mail_from(revoked, "<alice@acme.example>", now=NOW)
    assert [finding.reason for finding in decision.reasons] == ["unknown_account"]
    assert decision.snapshot_id == revoked.id


def test_a_transaction_keeps_its_snapshot() -> None:
    session = open_session()
    session.mail_from(SNAPSHOT, "<alice@acme.example>", now=NOW)
    assert session.message("From: alice@acme.example\r\n\r\n").snapshot_id == SNAPSHOT.id


def test_a_message_without_mail_from_is_denied() -> None:
    reasons = open_session().message("From: alice@acme.example\r\n\r\n").reasons
    assert [finding.reason for finding in reasons] == ["sender_unknown"]


def test_a_header_that_is_not_given_denies() -> None:
    session = open_session()
    session.mail_from(SNAPSHOT, sendas.Unquoted("alice@acme.example"), now=NOW)
    assert [finding.reason for finding in session.message(None).reasons] == ["header_not_given"]


def test_smtputf8_is_a_fact_of_the_transaction() -> None:
    session = open_session()
    plain = session.mail_from(SNAPSHOT, "<é@acme.example>", now=NOW)
    extended = session.mail_from(SNAPSHOT, "<é@acme.example>", smtputf8=True, now=NOW)
    assert (plain.allowed, extended.allowed) == (False, True)


def test_wrong_types_are_type_errors() -> None:
    session = open_session()
    calls: list[Callable[[], object]] = [
        lambda: session.mail_from(None, "<alice@acme.example>", now=NOW),  # type: ignore[arg-type]
        lambda: session.mail_from(SNAPSHOT, 1, now=NOW),  # type: ignore[arg-type]
        lambda: session.mail_from(SNAPSHOT, "<>"),  # type: ignore[call-arg]
        lambda: session.mail_from(SNAPSHOT, "<>", now="today"),  # type: ignore[arg-type]
        lambda: session.mail_from(SNAPSHOT, "<>", smtputf8="no", now=NOW),  # type: ignore[arg-type]
        lambda: session.message(1),  # type: ignore[arg-type]
        lambda: session.message(),  # type: ignore[call-arg]
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    assert session.decision.stage == "session"


def test_a_session_explains_its_latest_decision() -> None:
    facts = {"now": example.NOW, "channel": "smtp", "account": "alice"}
    session = SNAPSHOT.session(**facts)  # type: ignore[arg-type]
    sender, header = "<grace@globex.example>", "From: alice@acme.example\r\n\r\n"
    for view in get_args(sendas.View):
        expected = SNAPSHOT.explain(**facts, stage="session", view=view)  # type: ignore[arg-type]
        assert SNAPSHOT.session(**facts).explain(view).to_json() == expected.to_json()  # type: ignore[arg-type]
        session.mail_from(SNAPSHOT, sender, now=example.NOW)
        facts_at_mail = {**facts, "envelope_sender": sender}
        expected = SNAPSHOT.explain(**facts_at_mail, stage="envelope", view=view)  # type: ignore[arg-type]
        assert session.explain(view).to_json() == expected.to_json()
        session.message(header)
        expected = SNAPSHOT.explain(**facts_at_mail, header=header, view=view)  # type: ignore[arg-type]
        assert session.explain(view=view).to_json() == expected.to_json()
    with pytest.raises(ValueError, match="`view` must be one of"):
        session.explain("admin")  # type: ignore[arg-type]
