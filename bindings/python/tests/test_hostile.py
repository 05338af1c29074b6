"""Anything that a client can put on the wire is decided; nothing of it raises."""

import gc
import operator
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from ipaddress import ip_address
from itertools import product
from typing import Any

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


class Liar(str):
    """Says of itself that it is somebody else."""

    def __str__(self) -> str:
        return "alice"

    def __len__(self) -> int:
        return 5

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("alice")

    def encode(self, *_: object) -> bytes:
        return b"alice"


class Octets(bytes):
    """The same of octets."""

    def __bytes__(self) -> bytes:
        return b"alice"


@pytest.mark.parametrize("text", [Liar("mallory"), Liar("mallory\ud800"), Octets(b"mallory")], ids=ascii)
def test_a_text_of_a_subclass_is_its_content(text: str | bytes) -> None:
    plain = b"".join([text]) if isinstance(text, bytes) else "".join([text])
    for name, reason in [("account", "unknown_account"), ("envelope_sender", "sender_syntax"), ("header", "field_name_ambiguous")]:
        request, content = example.request(**{name: text}), example.request(**{name: plain})
        for decision in (SNAPSHOT.evaluate(**request), SNAPSHOT.evaluate_many([request])[0]):
            assert reason in [finding.reason for finding in decision.reasons]
            assert decision == SNAPSHOT.evaluate(**content)
            assert decision.reply() == SNAPSHOT.evaluate(**content).reply()


class Circle:
    """Holds what holds it."""

    held: object


@pytest.mark.parametrize("text", ["alice", b"alice"], ids=repr)
def test_what_a_text_of_a_subclass_holds_is_freed(text: str | bytes) -> None:
    circles: list[weakref.ref[Circle]] = []
    for _ in range(3):
        own: Any = Liar(text) if isinstance(text, str) else Octets(text)
        own.circle = circle = Circle()
        circles.append(weakref.ref(circle))
        unquoted = sendas.Unquoted(own)
        assert unquoted.sender == text and type(unquoted.sender) is type(text)
        session = SNAPSHOT.session(now=example.NOW, channel="smtp", account=own)
        decision = SNAPSHOT.evaluate(**example.request(account=own, envelope_sender=unquoted))
        many = SNAPSHOT.evaluate_many([example.request(account=own)])
        circle.held = [unquoted, session, session.decision, decision, many, many[0]]
        del own, circle, unquoted, session, decision, many
    gc.collect()
    assert [circle() for circle in circles] == [None] * 3


def test_an_address_of_a_zone_is_not_the_one_without() -> None:
    for address, allowed in [("2001:db8::1", True), ("2001:db8::1%eth0", False), ("::ffff:192.0.2.10", True), ("192.0.2.10", True)]:
        for given in (address, ip_address(address)):
            request = example.request(channel="panel", client_ip=given)
            for decision in (SNAPSHOT.evaluate(**request), SNAPSHOT.evaluate_many([request])[0]):
                assert decision.allowed == allowed, given


def test_an_instant_that_overflows_is_refused() -> None:
    class Difference:
        days = 2**62
        seconds = 0

    class Moment(datetime):
        def __sub__(self, other: object) -> Any:
            return Difference()

    request = example.request(now=Moment.now(timezone.utc))
    with pytest.raises(ValueError, match="^`now` must be within "):
        SNAPSHOT.evaluate(**request)
    with pytest.raises(ValueError, match="^request 0, counted from 0: `now` must be within "):
        SNAPSHOT.evaluate_many([request])


def test_lists_that_change_while_they_are_read() -> None:
    """The fields are those that the list had at first, and each is read once."""

    class Pair:
        def __init__(self, fields: list[Any]) -> None:
            self.fields, self.reads = fields, 0

        def __len__(self) -> int:
            self.fields.append(("From", "grace@globex.example"))
            return 2

        def __getitem__(self, place: int) -> str:
            self.reads += 1
            return ("From", "alice@acme.example")[place]

    ways: list[Callable[[sendas.Request], sendas.Decision]] = [
        lambda facts: SNAPSHOT.evaluate(**facts),
        lambda facts: SNAPSHOT.evaluate_many([facts])[0],
    ]
    for decide in ways:
        fields: list[Any] = []
        pair = Pair(fields)
        fields.append(pair)
        decisions = [decide(example.request(header=fields)) for _ in range(2)]
        assert decisions[0].allowed and "from_repeated" in [finding.reason for finding in decisions[1].reasons]
        assert pair.reads == 4


def test_a_decision_cannot_be_put_where_another_one_is() -> None:
    """No attribute can be set, and nothing of a decision is made without one."""
    decision = SNAPSHOT.evaluate(**example.request(account="mallory"))
    for name in ("allowed", "verdict", "action", "reasons", "__class__"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(decision, name, True)
    with pytest.raises(TypeError):
        object.__new__(sendas.Decision)
    with pytest.raises(TypeError):
        type("Forged", (sendas.Decision,), {"allowed": True})


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Interrupts raise, also where whoever started the tests ignores them."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_ends_a_call_over_a_list() -> None:
    # No code of Python runs where a list is read, so that nothing else would look for signals.
    requests = iter([example.request()] * 2_000_000)
    timer = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        # On a busy machine the signal comes before this returns.
        timer.start()
        SNAPSHOT.evaluate_many(requests)
    assert operator.length_hint(requests) > 0
    timer.join()


SECOND_INTERPRETER = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
import sys
import sendas

second = interpreters.create()
script = f"import sys; sys.path[:] = {sys.path!r}\\ntry:\\n    import sendas\\nexcept ImportError as error:\\n    print(error)"
interpreters.run_string(second, script)
interpreters.destroy(second)
decision = sendas.Decision.without_snapshot("message")
assert isinstance(decision.reasons[0], sendas.Finding)
"""


def test_a_second_interpreter_is_refused() -> None:
    """Its classes would be those of the first, or the first would have those of one that is gone."""
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", SECOND_INTERPRETER], capture_output=True, text=True, check=True)
    assert "can be used in one only" in run.stdout or "does not support loading in subinterpreters" in run.stdout


def memory() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="the memory of a process is read as Linux shows it")
def test_what_is_refused_is_freed() -> None:
    large = "x" * 100_000
    many = [example.request(header=[("From", large)])] * 70

    def raising() -> Iterator[sendas.Request]:
        yield from many
        raise KeyError

    calls: list[Callable[[], object]] = [
        lambda: SNAPSHOT.evaluate(**example.request(header=[("From", large + "a"), ("From",)])),
        lambda: SNAPSHOT.evaluate(**example.request(account=large + "a", now=None)),
        lambda: SNAPSHOT.evaluate_many([*many, example.request(channel=large + "a")]),
        lambda: SNAPSHOT.evaluate_many([*many, example.request(account=1)]),
        lambda: SNAPSHOT.evaluate_many(raising()),
        lambda: SNAPSHOT.evaluate_arrow(Liar(large)),  # type: ignore[call-overload]
        lambda: sendas.Policy.from_toml("x = " + large),
        lambda: sendas.RequestRecord.from_json(large + "a"),
        lambda: sendas.Snapshot.open(large.encode()),
        lambda: sendas.Snapshot.from_json_lines([large, large]),
    ]

    def rounds(count: int) -> int:
        for _ in range(count):
            for call in calls:
                with pytest.raises((TypeError, ValueError, KeyError, sendas.SnapshotError)):
                    call()
        gc.collect()
        return memory()

    before = rounds(20)
    # One text that is lost each time would be 10 MB, and the requests of one call 700 MB.
    assert rounds(100) - before < 8 * 2**20


def assert_safe(decision: sendas.Decision) -> None:
    """What clients are told is one line of printable text of at most 512 octets."""
    for reply in (decision.reply("rfc6409"), decision.reply("postfix")):
        line = str(reply)
        assert line.isprintable()
        assert len(line.encode()) <= 510
    decision.problem()
    decision.set_error()
    decision.to_dict()
