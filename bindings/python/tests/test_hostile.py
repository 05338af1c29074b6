"""Anything that a client can put on the wire is decided; nothing of it raises."""

import threading
from collections.abc import Callable
from itertools import product

import pytest

import example
import sendas

SNAPSHOT = example.SNAPSHOT
FACTS = ("account", "role", "client_ip", "credential_id", "envelope_sender", "header")
HOSTILE = [
    "\ud800",
    "\udcc3\udca9",
    "alice\ud83d@acme.example",
    "\0",
    "alice\0",
    "<alice@acme.example\0>",
    "",
    "\r\n",
    "From: \ud800\r\n\r\n",
    "From: \0\r\n\r\n",
    b"\xff\xfe",
    b"\0" * 70_000,
    "\U0010ffff" * 1000,
    "(" * 70_000,
    "From: " + "(" * 60_000 + "\r\n\r\n",
    "@" * 10_000,
]


@pytest.mark.parametrize(("name", "value"), list(product(FACTS, HOSTILE)), ids=lambda value: ascii(value)[:24])
def test_hostile_text_never_raises_and_never_adds_a_right(name: str, value: str | bytes) -> None:
    facts = example.request(credential_kind="password", channel="panel", client_ip="192.0.2.10")
    assert SNAPSHOT.evaluate(**facts).allowed
    hostile = {**facts, name: value}
    if name == "credential_id":
        # This one account has registered credentials, so that an unknown id matters.
        hostile["account"] = b"grace"
    decision = SNAPSHOT.evaluate(**hostile)  # type: ignore[arg-type]
    assert decision.verdict == "deny"
    assert decision.reasons
    assert_safe(decision)
    SNAPSHOT.explain(**hostile, view="provider")  # type: ignore[arg-type]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value)[:24])
def test_hostile_scopes_and_fields_never_raise(value: str | bytes) -> None:
    scopes = example.request(credential_kind="oauth", scopes=[value])
    assert SNAPSHOT.evaluate(**scopes).allowed
    for field in [(value, "x"), ("From", value), ("Sender", value), ("Resent-From", value)]:
        decision = SNAPSHOT.evaluate(**example.request(header=[("From", "alice@acme.example"), field]))
        assert_safe(decision)
    repeated = [("From", "alice@acme.example"), ("From", value)]
    assert not SNAPSHOT.evaluate(**example.request(header=repeated)).allowed
    assert not SNAPSHOT.evaluate(**example.request(envelope_sender=sendas.Unquoted(value))).allowed


def test_a_header_of_ten_megabytes_is_denied() -> None:
    block = b"From: alice@acme.example\r\nX-Filler: " + b"x" * 10_000_000 + b"\r\n\r\n"
    fields = [(b"From", b"alice@acme.example"), (b"X-Filler", b"x" * 10_000_000)]
    for header in (block, block.decode(), fields):
        decision = SNAPSHOT.evaluate(**example.request(header=header))
        assert "limit_exceeded" in [finding.reason for finding in decision.reasons]
        assert decision.reply().code == 554


def test_ten_thousand_from_fields_are_denied() -> None:
    fields = [("From", "alice@acme.example")] * 10_000
    block = b"From: alice@acme.example\r\n" * 10_000 + b"\r\n"
    for header in (fields, block):
        decision = SNAPSHOT.evaluate(**example.request(header=header))
        assert "from_repeated" in [finding.reason for finding in decision.reasons]
        assert len(decision.reasons) <= 32
        assert_safe(decision)


def test_ten_thousand_mailboxes_are_denied() -> None:
    header = [("From", ", ".join(["alice@acme.example"] * 3_000))]
    decision = SNAPSHOT.evaluate(**example.request(header=header))
    assert "too_many_mailboxes" in [finding.reason for finding in decision.reasons]


def test_a_reply_holds_no_line_break_of_the_client() -> None:
    for sender in ("<a\r\n250 ok@acme.example>", '<"a\r\nb"@globex.example>', "<a@globex.example>\r\n250 ok"):
        decision = SNAPSHOT.evaluate(**example.request(envelope_sender=sender, smtputf8=True))
        assert not decision.allowed
        assert_safe(decision)


def test_eight_threads_decide_while_tenants_are_replaced() -> None:
    rounds = 200
    suspended = sendas.Policy.from_json('{"schema": 1, "tenant": [{"id": "acme", "suspended": true}]}')
    policy = sendas.Policy.from_toml(example.POLICY)
    published = [SNAPSHOT]
    session = SNAPSHOT.session(now=example.NOW, channel="smtp", account="alice")
    header = b"From: alice@acme.example\r\nX-Filler: " + b"x" * 40_000 + b"\r\n\r\n"
    requests = [example.request(), example.request(header=header)] * 4
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def publish() -> None:
        for turn in range(rounds):
            change = suspended if turn % 2 == 0 else policy
            published[0] = published[0].replace_tenant("acme", change)

    def evaluate() -> None:
        for _ in range(rounds):
            snapshot = published[0]
            expected = snapshot.id == SNAPSHOT.id
            decisions = [*snapshot.evaluate_many(requests), snapshot.evaluate(**requests[1])]
            assert {decision.allowed for decision in decisions} == {expected}
            assert {decision.snapshot_id for decision in decisions} == {snapshot.id}

    def transact() -> None:
        for _ in range(rounds):
            session.mail_from(published[0], "<alice@acme.example>", now=example.NOW)
            assert session.message(header).stage == "message"
            str(session.decision.reply())

    def guarded(run: Callable[[], None]) -> None:
        try:
            start.wait()
            run()
        except BaseException as failure:
            failures.append(failure)

    runs = [publish, evaluate, evaluate, evaluate, evaluate, transact, transact, transact]
    threads = [threading.Thread(target=guarded, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert published[0].id == SNAPSHOT.id


def assert_safe(decision: sendas.Decision) -> None:
    """What clients are told is one line of printable text of at most 512 octets."""
    for reply in (decision.reply("rfc6409"), decision.reply("postfix")):
        line = str(reply)
        assert line.isprintable()
        assert len(line.encode()) <= 510
    decision.problem()
    decision.set_error()
    decision.to_dict()
