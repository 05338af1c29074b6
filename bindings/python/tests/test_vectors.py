from typing import Any

import pytest

import vectors
from sendas import Decision, Finding, Grant, Request, Session, Snapshot


VECTORS = vectors.load()


def test_there_are_vectors() -> None:
    assert VECTORS


@pytest.mark.parametrize(("vector", "policies"), VECTORS, ids=[vector["id"] for vector, _ in VECTORS])
def test_vector(vector: dict[str, Any], policies: dict[str, Any], ran: list[str]) -> None:
    decision = decide(vector, policies)
    assert observed(decision, vector["expect"]) == expected(vector["expect"])
    ran.append(vector["id"])


def decide(vector: dict[str, Any], policies: dict[str, Any]) -> Decision:
    request = vectors.request(vector)
    snapshot = vectors.snapshot(vector, policies)
    if snapshot is None:
        return Decision.without_snapshot(request["stage"])
    decision = snapshot.evaluate(**request)
    assert snapshot.evaluate_many([request]) == [decision]
    session = staged(snapshot, request)
    assert session.decision == decision
    explanation = snapshot.explain(**request, view="provider")
    assert session.explain("provider").to_json() == explanation.to_json()
    assert (explanation.stage, explanation.verdict) == (decision.stage, decision.verdict)
    reasons = [Finding(reason.reason, reason.place) for reason in explanation.reasons]
    assert reasons == decision.reasons + decision.would_deny
    return decision


def staged(snapshot: Snapshot, request: Request) -> Session:
    """Decide in a session what the request decides at once."""
    facts: Any = dict(request)
    stage, sender, header, smtputf8 = (facts.pop(name, None) for name in ("stage", "envelope_sender", "header", "smtputf8"))
    session = snapshot.session(**facts)
    if stage != "session":
        session.mail_from(snapshot, sender, smtputf8=bool(smtputf8), now=facts["now"])
    if stage == "message":
        session.message(header)
    return session


def observed(decision: Decision, expect: dict[str, Any]) -> dict[str, Any]:
    """Return of a decision what a vector expects, and what it expects by leaving it out."""
    problem, error = decision.problem(), decision.set_error()
    everything = {
        "verdict": decision.verdict,
        "action": decision.action,
        "reasons": [place_of_finding(finding) for finding in decision.reasons],
        "would_deny": [place_of_finding(finding) for finding in decision.would_deny],
        "omitted": decision.omitted,
        "provisional": decision.provisional,
        "reply": reply(decision, "reply", expect),
        "postfix_reply": reply(decision, "postfix_reply", expect),
        "granted": [place_of_grant(grant) for grant in decision.grants],
        "http": problem and problem["status"],
        "jmap": error and error["type"],
    }
    return {name: everything[name] for name in expected(expect)}


def expected(expect: dict[str, Any]) -> dict[str, Any]:
    return {"would_deny": [], "omitted": 0, "provisional": False, **expect}


def place_of_finding(finding: Finding) -> dict[str, Any]:
    return {"reason": finding.reason, "subject": finding.place.subject}


def place_of_grant(grant: Grant) -> dict[str, Any]:
    return {"basis": grant.basis, "subject": grant.place.subject}


def reply(decision: Decision, member: str, expect: dict[str, Any]) -> dict[str, Any]:
    """Return the members of the reply that the vector names."""
    given = decision.reply("postfix" if member == "postfix_reply" else "rfc6409")
    members = {"code": given.code, "enhanced": given.enhanced, "text": given.text}
    return {name: members[name] for name in expect.get(member, ())}
