"""What was decided of many requests: a sequence whose decisions are made when they are asked for."""

import copy
import gc
import pickle
import subprocess
import sys
from collections import UserDict
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import ANY

import pytest

import example
import sendas
from sendas import Decision, Decisions

SNAPSHOT = example.SNAPSHOT

REQUESTS = [example.request(account=account) for account in ["alice", "grace", "mallory"] * 50]
ALONE = [SNAPSHOT.evaluate(**request) for request in REQUESTS]


def test_it_is_a_sequence() -> None:
    decisions: Decisions = SNAPSHOT.evaluate_many(REQUESTS)
    assert isinstance(decisions, Sequence) and issubclass(Decisions, Sequence)
    assert len(decisions) == len(ALONE) and decisions
    assert list(decisions) == ALONE and [*reversed(decisions)] == ALONE[::-1]
    assert [decisions[number] for number in range(len(ALONE))] == ALONE
    assert [decisions[number] for number in range(-len(ALONE), 0)] == ALONE
    assert decisions == ALONE and ALONE == decisions and decisions == SNAPSHOT.evaluate_many(REQUESTS)
    assert decisions != ALONE[1:] and decisions != ALONE[1:] + ALONE[:1] and decisions != tuple(ALONE) and decisions != [1] * len(ALONE)
    assert all(isinstance(decision, Decision) for decision in decisions)
    match decisions:
        case [first, *_]:
            assert first == ALONE[0]
        case _:
            pytest.fail("it matches no pattern of sequences")
    for wrong in (len(ALONE), -len(ALONE) - 1, 10**30):
        with pytest.raises(IndexError):
            decisions[wrong]
    with pytest.raises(TypeError, match="`index` must be int or slice, not str"):
        decisions["verdict"]  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        hash(decisions)
    with pytest.raises(TypeError):
        Decisions()


def test_a_sequence_is_compared_as_a_list_is() -> None:
    decisions = SNAPSHOT.evaluate_many(REQUESTS)
    assert decisions == ANY and ANY == decisions and decisions == [ANY] * len(ALONE)
    assert not (decisions != ANY) and not (decisions != ALONE)
    for other in (tuple(ALONE), None, 1, iter(ALONE)):
        assert decisions.__eq__(other) is NotImplemented and decisions != other and not (decisions == other)


def test_a_list_that_is_cut_while_it_is_compared_is_not_equal() -> None:
    class Cutting:
        def __eq__(self, other: object) -> bool:
            given.clear()
            return True

    given: list[object] = [Cutting(), ALONE[0]]
    assert not SNAPSHOT.evaluate_many([example.request()] * 2) == given


def test_a_sequence_never_changes_and_is_its_own_copy() -> None:
    decisions = SNAPSHOT.evaluate_many(REQUESTS)
    assert copy.copy(decisions) is decisions and copy.deepcopy(decisions) is decisions
    with pytest.raises(TypeError):
        pickle.dumps(decisions)
    with pytest.raises(TypeError):
        decisions[0] = decisions[1]  # type: ignore[index]
    with pytest.raises(AttributeError):
        decisions.append  # type: ignore[attr-defined]


def test_an_iterator_ends_and_knows_its_length() -> None:
    decisions = SNAPSHOT.evaluate_many(REQUESTS[:3])
    for given in (iter(decisions), reversed(decisions)):
        assert given.__length_hint__() == 3 and next(given) is not None and given.__length_hint__() == 2  # type: ignore[attr-defined]
        assert len(list(given)) == 2 and given.__length_hint__() == 0 and list(given) == []  # type: ignore[attr-defined]
    assert list(reversed(SNAPSHOT.evaluate_many([]))) == []


@pytest.mark.parametrize("start", [None, 0, 2, 149, 150, -1, -150, -151])
@pytest.mark.parametrize("stop", [None, 0, 3, 150, -1, -151])
@pytest.mark.parametrize("step", [None, 1, 7, -1, -4])
def test_slices_are_those_of_a_list(start: int | None, stop: int | None, step: int | None) -> None:
    decisions, wanted = SNAPSHOT.evaluate_many(REQUESTS), slice(start, stop, step)
    assert isinstance(decisions[wanted], Decisions)
    assert decisions[wanted] == ALONE[wanted]
    assert decisions[wanted][::-2] == ALONE[wanted][::-2]
    assert decisions[wanted].verdicts == [decision.verdict for decision in ALONE[wanted]]


def test_slices_of_slices_are_those_of_a_list() -> None:
    decisions, far = SNAPSHOT.evaluate_many(REQUESTS), sys.maxsize
    wanted = [slice(3, 99), slice(None, None, -3), slice(None, None, far), slice(-1, None, -far), slice(5, 5), slice(far, -far, -1), slice(-far, far, 2)]
    for one in wanted:
        for other in wanted:
            for last in wanted:
                assert decisions[one][other][last] == ALONE[one][other][last], (one, other, last)
                assert [*reversed(decisions[one][other][last])] == ALONE[one][other][last][::-1]
    with pytest.raises(ValueError, match="step"):
        decisions[::0]


def test_decisions_are_found() -> None:
    decisions = SNAPSHOT.evaluate_many(REQUESTS)
    one, other = decisions[1], Decision.without_snapshot("message")
    assert decisions.index(one) == ALONE.index(one) == 1
    assert decisions.index(one, 2) == ALONE.index(one, 2) == 4
    assert decisions.index(one, -3) == ALONE.index(one, -3)
    assert decisions.index(one, -(10**30), 10**30) == ALONE.index(one, -(10**30), 10**30) == 1
    assert decisions.index(ANY, 7) == ALONE.index(ANY, 7) == 7 and ANY in decisions and decisions.count(ANY) == len(ALONE)
    assert decisions.count(one) == ALONE.count(one) == 50
    assert one in decisions and other not in decisions and 1 not in decisions
    for value, start, stop in [(other, 0, 150), (one, 2, 4), (one, 0, 1), (1, 0, 150)]:
        with pytest.raises(ValueError, match="there is no such decision"):
            decisions.index(value, start, stop)
    with pytest.raises(TypeError, match="`start` must be int, not str"):
        decisions.index(one, "1")  # type: ignore[arg-type]
    assert (decisions.count(other), decisions.count(1)) == (0, 0)


def test_verdicts_and_actions_are_those_of_the_decisions() -> None:
    decisions = SNAPSHOT.evaluate_many(REQUESTS)
    verdicts: list[sendas.Verdict] = decisions.verdicts
    actions: list[sendas.Action] = decisions.actions
    assert verdicts == [decision.verdict for decision in ALONE] and set(verdicts) == {"allow", "deny"}
    assert actions == [decision.action for decision in ALONE] and set(actions) == {"accept", "reject"}
    assert repr(decisions) == f"<sendas.Decisions {verdicts.count('allow')} allow, {verdicts.count('deny')} deny, 0 defer>"
    assert SNAPSHOT.evaluate_many([]).verdicts == []


def test_a_decision_of_many_is_in_all_the_one_of_a_single_call() -> None:
    for one, alone in zip(SNAPSHOT.evaluate_many(REQUESTS), ALONE, strict=True):
        shape = (one.stage, one.verdict, one.action, one.allowed, one.provisional)
        assert shape == (alone.stage, alone.verdict, alone.action, alone.allowed, alone.provisional)
        assert (one.reasons, one.grants, one.to_json(), repr(one)) == (alone.reasons, alone.grants, alone.to_json(), repr(alone))
        assert (one.reply(), one.problem(), one.set_error()) == (alone.reply(), alone.problem(), alone.set_error())
        for place in [*(finding.place for finding in one.reasons), *(grant.place for grant in one.grants)]:
            assert one.octets(place) == alone.octets(place)


def test_a_decision_outlives_its_sequence_and_a_snapshot() -> None:
    def deny() -> Decision:
        snapshot = sendas.Snapshot.compile(sendas.Policy.from_toml(example.POLICY))
        return snapshot.evaluate_many(iter([example.request(envelope_sender="<a@globex.example>")]))[0]

    decision = deny()
    gc.collect()
    assert decision.reply().text.startswith("<a@globex.example>: ")


KEEPS = """
import resource
import sys

import example

SNAPSHOT = example.SNAPSHOT
large = "x" * 1_000_000


def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1) / 1024


# Ten requests of each call have a large header, but none of the first 64.
def requests():
    for number in range(1000):
        yield example.request(header=large if number % 100 == 99 else None)


kept = [SNAPSHOT.evaluate_many(requests())[0] for _ in range(3)]
before = most()
kept += [SNAPSHOT.evaluate_many(requests())[0] for _ in range(15)]
grown = most() - before
assert grown < 60 < 15 * 10, grown
assert all(decision.stage == "message" for decision in kept)
"""


def test_a_decision_that_is_kept_keeps_its_neighbours_only() -> None:
    pytest.importorskip("resource")  # where there is no such module, memory cannot be asked for
    # In a process of its own: what it asks for is the most that there ever was.
    subprocess.run([sys.executable, "-c", KEEPS], check=True, cwd=Path(example.__file__).parent)


class Growing:
    """An iterator that has ended before it goes on, as that of a file that grows."""

    def __init__(self, ends: int) -> None:
        self.left, self.ends = iter(REQUESTS), ends

    def __iter__(self) -> Iterator[sendas.Request]:
        return self

    def __next__(self) -> sendas.Request:
        if self.ends == 0:
            self.ends -= 1
            raise StopIteration
        self.ends -= 1
        return next(self.left)


@pytest.mark.parametrize("ends", [0, 1, 10, 63, 64, 65, 128, 140])
def test_an_iterator_that_has_ended_is_not_asked_again(ends: int) -> None:
    decisions = SNAPSHOT.evaluate_many(Growing(ends))
    assert len(decisions) == len(decisions.verdicts) == ends and list(decisions) == ALONE[:ends]
    with pytest.raises(IndexError, match="no decision" if ends == 0 else f"must be from -{ends} to {ends - 1}"):
        decisions[ends]


def test_a_text_of_4_gib_is_refused() -> None:
    if sys.maxsize < 2**32:
        pytest.skip("no text is so long here")
    # It is memory that nobody has touched, and nobody does.
    request = example.request(header=bytes(2**32))
    wrong = "request 1, counted from 0: a text of a request must have less than 4 GiB where many are decided in one call"
    with pytest.raises(ValueError, match=wrong):
        SNAPSHOT.evaluate_many([example.request(), request])


def test_what_is_done_to_a_request_afterwards_changes_nothing() -> None:
    field = ["From", " <alice@acme.example>"]
    shared: Any = dict(example.request())

    def requests() -> Iterator[sendas.Request]:
        for account in ["alice", "mallory"] * 40:
            shared["account"] = account
            shared["header"] = [tuple(field)]
            yield shared

    decisions = SNAPSHOT.evaluate_many(requests())
    shared.clear()
    expected = [SNAPSHOT.evaluate(**example.request(account=account, header=[tuple(field)])) for account in ["alice", "mallory"]] * 40
    assert decisions == expected


class Word(str):
    """Text, and not exactly `str`."""


class Octets(bytes):
    """Octets, and not exactly `bytes`."""


class Number(int):
    """A number, and not exactly `int`."""


class Pairs(list[Any]):
    """A list, and not exactly `list`."""


ODD: list[Any] = ["", "\0", "alicë", "a\ud800", "\udc00a", "📧", "alice@acme.example" * 40, b"", b"\xff", b"alice", Word("alice"), Octets(b"alice")]
LONG = "a" * 3_000_000
FROM = "alice@acme.example"

FORMS: dict[str, list[Any]] = {
    "now": [0, example.NOW + 1, Number(example.NOW), datetime.fromtimestamp(example.NOW, timezone.utc)],
    "channel": ["smtp", "api", Word("api")],
    "account": [None, LONG, *ODD],
    "role": [None, "Marketing", LONG, *ODD],
    "client_ip": [None, "192.0.2.1", b"192.0.2.1", ip_address("192.0.2.1"), ip_address("2001:db8::1"), LONG, *ODD],
    "credential_kind": [None, "oauth", "password", Word("oauth")],
    "tls": [None, "plain", "implicit"],
    "smtputf8": [False, True],
    "envelope_sender": [None, sendas.NULL, "<>", sendas.Unquoted(FROM), sendas.Unquoted(b"\xff"), LONG, *ODD],
    "header": [
        None, [], (), "From: alice@acme.example\r\n\r\n", LONG, *ODD, *([("From", odd)] for odd in ODD), *([(odd, FROM)] for odd in ODD), [["From", FROM]],
        [("", ""), ("Fr\u00f6m", b"\xff")], [("From", FROM), ["Sender", FROM]], Pairs([("From", FROM)]), (("From", FROM),), [("Subject", LONG)] * 3,
        [("From", FROM)] * 70,
    ],
    "stage": ["session", "envelope", "message"],
}  # fmt: skip

FACTS: list[dict[str, Any]] = [
    *({name: form} for name, forms in FORMS.items() for form in forms),
    *({"credential_kind": "oauth", "credential_id": odd} for odd in [None, LONG, *ODD]),
    *({"credential_kind": "oauth", "scopes": scopes} for scopes in (None, [], ["mail.send"], (b"a", "b"), ODD)),
    *({"credential_kind": "oauth", "credential_id": None, "scopes": None, "stage": stage} for stage in FORMS["stage"]),
]


def alone(requests: list[Any]) -> list[Decision]:
    """What a call for each of them decides."""
    return [SNAPSHOT.evaluate(**request) for request in requests]


def test_every_form_of_a_fact_is_read_as_in_a_single_call() -> None:
    requests: list[Any] = [{**example.request(), **facts} for facts in FACTS]
    requests += [dict(reversed(request.items())) for request in requests]
    requests += [{Word(name): fact for name, fact in request.items()} for request in requests[:20]]
    expected = alone(requests)
    assert len({decision.to_json() for decision in expected}) > 10
    others: list[Any] = [UserDict(request) for request in requests]
    for given in (requests, others):
        decisions = SNAPSHOT.evaluate_many(given)
        assert decisions == expected
        assert [decision.to_json() for decision in decisions] == [decision.to_json() for decision in expected]


def test_every_fact_may_be_given_or_not() -> None:
    every: dict[str, Any] = {
        "account": "alice", "role": "Marketing", "client_ip": "192.0.2.1", "credential_kind": "oauth", "credential_id": "key-1",
        "scopes": ["mail.send"], "tls": "implicit", "smtputf8": True, "envelope_sender": "<alice@acme.example>", "header": [("From", FROM)],
        "stage": "envelope",
    }  # fmt: skip
    requests: list[Any] = []
    for chosen in range(1 << len(every)):
        facts = {name: fact for bit, (name, fact) in enumerate(every.items()) if chosen >> bit & 1}
        if "credential_kind" in facts or not {"credential_id", "scopes"} & {*facts}:
            requests.append({"now": example.NOW, "channel": "smtp", **facts})
    expected = alone(requests)
    assert len(requests) > 1000 and len({decision.to_json() for decision in expected}) > 10
    decisions = SNAPSHOT.evaluate_many(requests)
    assert decisions == expected
    assert [decision.to_json() for decision in decisions] == [decision.to_json() for decision in expected]


WRONG: list[dict[Any, Any]] = [
    {"now": True}, {"now": 0.5}, {"now": None}, {"now": 10**30}, {"now": -(10**15)}, {"now": "0"}, {"now": datetime(2027, 1, 1)},
    {"channel": "fax"}, {"channel": "a\ud800"}, {"channel": None}, {"channel": b"smtp"}, {"account": 1}, {"account": ["alice"]}, {"role": 1},
    {"client_ip": 1}, {"credential_id": "key-1"}, {"scopes": ["a"]}, {"credential_kind": "none"}, {"credential_kind": 1}, {"credential_kind": "oauth", "scopes": "a"},
    {"credential_kind": "oauth", "scopes": [1]}, {"tls": ""}, {"tls": 1}, {"smtputf8": None}, {"smtputf8": 1}, {"smtputf8": "yes"},
    {"envelope_sender": 1}, {"envelope_sender": bytearray(b"<>")}, {"header": 1}, {"header": [("From",)]}, {"header": [("From", 1)]}, {"header": [(None, FROM)]},
    {"header": [("From", FROM, FROM)]}, {"header": ["From"]}, {"header": [b"ab"]}, {"header": {"From": ""}}, {"stage": None}, {"stage": "end"}, {"stage": 1},
    {"acount": "alice"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_a_mistake_is_refused_as_in_a_single_call(wrong: dict[Any, Any]) -> None:
    request: Any = {**example.request(), **wrong}
    other: Any = UserDict(request)
    with pytest.raises((TypeError, ValueError)) as alone:
        SNAPSHOT.evaluate(**request)
    for given in (request, other):
        for number in (0, 1, 63, 64, 200):
            with pytest.raises((TypeError, ValueError)) as many:
                SNAPSHOT.evaluate_many([*[example.request()] * number, given, example.request(), given])
            which, words = f"request {number}, counted from 0: ", str(alone.value)
            # Of a name that it does not know, Python speaks itself where it stands in a call.
            unknown = f"unexpected argument `acount`; the arguments are {', '.join(sendas.Request.__annotations__)}"
            right = unknown if "unexpected keyword argument 'acount'" in words else words
            assert many.type is alone.type and str(many.value) == which + right


def test_an_error_of_a_mapping_stays_what_it_is_and_has_a_note() -> None:
    class Broken(UserDict[str, Any]):
        raised: BaseException

        def __getitem__(self, name: str) -> Any:
            raise self.raised

    class Rare(TypeError):
        pass

    errors: list[BaseException] = [KeyError("theirs"), TypeError("theirs"), Rare("theirs"), UnicodeError("theirs")]
    for error in errors:
        broken: Any = Broken(example.request())
        broken.raised = error
        with pytest.raises(type(error)) as caught:
            SNAPSHOT.evaluate_many([example.request(), broken])
        assert caught.value is error
        assert getattr(error, "__notes__", ["request 1, counted from 0"]) == ["request 1, counted from 0"]
    broken.raised = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as interrupted:
        SNAPSHOT.evaluate_many([broken])
    assert not hasattr(interrupted.value, "__notes__")


@pytest.mark.parametrize("name", ["now", "channel"])
def test_what_is_missing_is_refused_as_in_a_single_call(name: str) -> None:
    request: Any = example.request()
    del request[name]
    other: Any = UserDict(request)
    for given in (request, other):
        with pytest.raises(TypeError, match=f"missing argument `{name}`"):
            SNAPSHOT.evaluate_many([given])
    with pytest.raises(TypeError, match=f"missing argument `{name}`"):
        SNAPSHOT.evaluate(**request)


@pytest.mark.parametrize("wrong", [{"view": "provider"}, {1: "alice"}, {b"account": "alice"}, {Word("acount"): "alice"}], ids=repr)
def test_a_name_that_no_request_has_is_refused(wrong: dict[Any, Any]) -> None:
    errors = []
    for form in (dict, UserDict):
        request: Any = form({**example.request(), **wrong})
        with pytest.raises(TypeError) as caught:
            SNAPSHOT.evaluate_many([example.request(), request])
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


class Twin(str):
    """A name that equals no other one, so that a dictionary has both."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)


def test_a_name_that_is_given_twice_is_refused() -> None:
    for first, second in [("mallory", "alice"), ("alice", "mallory"), (None, "alice")]:
        request: Any = {**example.request(), "account": first, Twin("account"): second}
        for call in (lambda: SNAPSHOT.evaluate_many([request]), lambda: sendas.RequestRecord(**request)):
            with pytest.raises(TypeError, match="twice|multiple values"):
                call()


def test_a_mapping_is_read_as_two_stars_hand_it_over() -> None:
    class Renamed(dict[str, Any]):
        """Has one content, and speaks of another one."""

        def __iter__(self) -> Iterator[str]:
            return iter(example.request())

        def keys(self) -> Any:
            return example.request().keys()

        def __getitem__(self, name: str) -> Any:
            return dict(example.request())[name]

    class Other(dict[str, Any]):
        """Its own way to look things up is not asked by `**`."""

        def __getitem__(self, name: str) -> Any:
            return "mallory"

    for request in (Renamed(example.request(account="mallory")), Other(example.request()), Other(example.request(account="mallory"))):
        assert SNAPSHOT.evaluate_many([request])[0] == SNAPSHOT.evaluate(**request)  # type: ignore[list-item]


def test_no_request_is_refused_as_no_request() -> None:
    mistakes: list[Any] = [None, 1, "alice", [("now", 0)], ANY]
    for wrong in mistakes:
        with pytest.raises(TypeError, match="`requests` must be a sequence of mappings"):
            SNAPSHOT.evaluate_many([example.request(), wrong])
    with pytest.raises(TypeError):
        SNAPSHOT.evaluate_many(1)  # type: ignore[arg-type]


def test_threads_may_share_a_sequence() -> None:
    decisions, texts = SNAPSHOT.evaluate_many(REQUESTS), []

    def read() -> None:
        texts.append([decision.to_json() for decision in decisions])

    threads = [Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [[decision.to_json() for decision in ALONE]] * 4
