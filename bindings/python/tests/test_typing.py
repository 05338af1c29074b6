"""What a type checker says of the package: mypy reads this file, and an ignored error that is none fails too."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from ipaddress import IPv6Address

import pytest

import example
import sendas


def test_words_are_literal_types() -> None:
    decision = example.SNAPSHOT.evaluate(now=0, channel="smtp")
    reason: sendas.Reason = decision.reasons[0].reason
    subject: sendas.Subject = decision.reasons[0].place.subject
    verdict: sendas.Verdict = decision.verdict
    action: sendas.Action = decision.action
    stage: sendas.Stage = decision.stage
    control: sendas.Control | None = sendas.REASONS[reason].control
    rows: Mapping[sendas.Reason, sendas.ReasonRow] = sendas.REASONS
    assert (reason, subject, verdict, action, stage, control) == (
        "authentication_required",
        "account",
        "deny",
        "reject",
        "message",
        None,
    )
    assert reason in rows
    assert decision.verdict != "denied"  # type: ignore[comparison-overlap]


def test_answers_have_their_types() -> None:
    decision = example.SNAPSHOT.evaluate(now=0, channel="smtp")
    code: int = decision.reply("postfix").code
    enhanced: str = decision.reply().enhanced
    problem: sendas.Problem | None = decision.problem()
    assert problem is not None
    status: int = problem["status"]
    assert (code, enhanced, status) == (530, "5.7.0", 401)


def test_a_request_takes_every_form_of_a_fact() -> None:
    request: sendas.Request = {
        "now": datetime(2026, 12, 1, tzinfo=timezone.utc),
        "channel": "api",
        "account": "alice",
        "client_ip": IPv6Address("2001:db8::1"),
        "credential_kind": "oauth",
        "scopes": ("mail.send",),
        "tls": "implicit",
        "envelope_sender": sendas.Unquoted(b"alice@acme.example"),
        "header": [(b"From", "alice@acme.example")],
    }
    decisions: Sequence[sendas.Decision] = example.SNAPSHOT.evaluate_many([request])
    assert decisions[0] == example.SNAPSHOT.evaluate(**request)
    assert decisions[0].allowed


def test_mistakes_are_found_by_the_type_checker_and_at_run_time() -> None:
    snapshot = example.SNAPSHOT
    with pytest.raises(TypeError):
        snapshot.evaluate()  # type: ignore[call-arg]
    with pytest.raises(ValueError):
        snapshot.evaluate(now=0, channel="smpt")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        snapshot.evaluate(now=0.5, channel="smtp")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        snapshot.evaluate(now=0, channel="smtp", header={"From": "alice@acme.example"})  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sendas.Decision()
    with pytest.raises(AttributeError):
        snapshot.id = "0"  # type: ignore[misc]
