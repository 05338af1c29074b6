from typing import Any

import pytest

import vectors
from sendas import Decision, Finding, Grant


VECTORS = vectors.load()


def test_there_are_vectors() -> None:
    assert VECTORS


@pytest.mark.parametrize(("vector", "policies"), VECTORS, ids=[vector["id"] for vector, _ in VECTORS])
def test_vector(vector: dict[str, Any], policies: dict[str, Any], ran: list[str]) -> None:
    decision = decide(vector, policies)
    assert observed(decision, vector["expect"]) == expected(vector["expect"])
    ran.append(vector["id"])


def decide(vector: dict[str, Any], policies: dict[str, Any]) -> Decision:
    request, stage = vectors.request(vector["request"]), vector["stage"]
    snapshot = vectors.snapshot(vector, policies)
    if snapshot is None:
        return Decision.without_snapshot(stage)
    decision = snapshot.evaluate(**request, stage=stage)
    assert snapshot.evaluate_many([request], stage=stage) == [decision]
    assert staged(vector, policies) == decision
    explanation = snapshot.explain(**request, stage=stage, view="provider")
    assert (explanation.decision, explanation.verdict) == (decision, decision.verdict)
    return decision


def staged(vector: dict[str, Any], policies: dict[str, Any]) -> Decision:
    """Decide in a session what the vector decides at once."""
    snapshot = vectors.snapshot(vector, policies)
    assert snapshot is not None
    facts: Any = vectors.request(vector["request"])
    sender, header, smtputf8 = (facts.pop(name, None) for name in ("envelope_sender", "header", "smtputf8"))
    session = snapshot.session(**facts)
    if vector["stage"] != "session":
        session.mail_from(snapshot, sender, smtputf8=bool(smtputf8), now=facts["now"])
    if vector["stage"] == "message":
        session.message(header)
    return session.decision


def observed(decision: Decision, expect: dict[str, Any]) -> dict[str, Any]:
    """Return of a decision what a vector expects, and what it expects by leaving it out."""
    problem, error = decision.problem(), decision.set_error()
    everything = {
        "verdict": decision.verdict,
        "action": decision.action,
        "reasons": [place_of_finding(finding) for finding in decision.reasons],
        "would_deny": [place_of_finding(finding) for finding in decision.would_deny],
        "reasons_beyond": decision.omitted,
        "provisional": decision.provisional,
        "reply": reply(decision, "reply", expect),
        "postfix_reply": reply(decision, "postfix_reply", expect),
        "granted": [place_of_grant(grant) for grant in decision.grants],
        "http": problem and problem["status"],
        "jmap": error and error["type"],
    }
    return {name: everything[name] for name in expected(expect)}


def expected(expect: dict[str, Any]) -> dict[str, Any]:
    return {"would_deny": [], "reasons_beyond": 0, "provisional": False, **expect}


def place_of_finding(finding: Finding) -> dict[str, Any]:
    return {"reason": finding.reason, "subject": finding.subject}


def place_of_grant(grant: Grant) -> dict[str, Any]:
    return {"basis": grant.basis, "subject": grant.subject}


def reply(decision: Decision, member: str, expect: dict[str, Any]) -> dict[str, Any]:
    """Return the members of the reply that the vector names."""
    given = decision.reply("postfix" if member == "postfix_reply" else "rfc6409")
    members = {"code": given.code, "enhanced": given.enhanced, "text": given.text}
    return {name: members[name] for name in expect.get(member, ())}
