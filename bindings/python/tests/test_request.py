import ipaddress
from collections import UserDict
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from types import MappingProxyType
from typing import get_args

import pytest

import example
import sendas
from sendas import Decision, Unquoted

SNAPSHOT = example.SNAPSHOT


def slugs(**facts: object) -> list[str]:
    return [finding.reason for finding in SNAPSHOT.evaluate(**example.request(**facts)).reasons]


def test_bytes_and_str_mean_the_same() -> None:
    facts: list[dict[str, object]] = [
        {"account": "alice"},
        {"role": "sender"},
        {"role": b"sender"},
        {"client_ip": "192.0.2.1"},
        {"client_ip": b"192.0.2.1"},
        {"envelope_sender": "<alice@acme.example>"},
        {"envelope_sender": "alice@acme.example"},
        {"envelope_sender": Unquoted("alice@acme.example")},
        {"envelope_sender": Unquoted(b"alice@acme.example")},
        {"header": "From: alice@acme.example\r\n\r\n"},
        {"header": [(b"From", b" alice@acme.example")]},
        {"header": (["From", "alice@acme.example"],)},
        {"header": iter([("From", "alice@acme.example")])},
    ]
    for given in facts:
        assert slugs(**given) == [], given


def test_none_is_the_same_as_absent() -> None:
    optional = set(sendas.Request.__optional_keys__) - {"smtputf8", "stage"}
    assert {"account", "scopes", "header"} < optional
    nothing: sendas.Request = {"now": example.NOW, "channel": "smtp"}
    explicit = SNAPSHOT.evaluate(**nothing, **dict.fromkeys(optional))
    assert SNAPSHOT.evaluate(**nothing) == explicit
    assert [finding.reason for finding in explicit.reasons] == ["authentication_required"]


def test_the_null_path_is_not_the_unknown_one_and_not_the_empty_one() -> None:
    assert slugs(envelope_sender=sendas.NULL) == []
    assert slugs(envelope_sender="<>") == []
    assert slugs(envelope_sender=None) == ["sender_unknown"]
    assert slugs(envelope_sender=b"") == ["sender_syntax"]
    assert slugs(envelope_sender=Unquoted(b"")) == ["sender_syntax"]
    assert SNAPSHOT.evaluate(**example.request(envelope_sender=sendas.NULL, stage="envelope")).provisional


def test_unquoted_is_split_at_the_last_at() -> None:
    assert Unquoted("alice@acme.example@globex.example").sender == "alice@acme.example@globex.example"
    assert slugs(envelope_sender=Unquoted("alice@globex.example@acme.example")) == []
    assert slugs(envelope_sender="alice@globex.example@acme.example") == ["sender_syntax"]


def test_an_empty_list_of_scopes_is_not_the_same_as_none() -> None:
    tenant = '{"id": "acme", "credential": {"require_scope": "mail.send"}, "account": [%s]}'
    account = '{"id": "alice", "credential": [{"id": "key-1", "kind": "api_key", "scopes": ["mail.send"]}]}'
    policy = sendas.Policy.from_json('{"schema": 1, "tenant": [%s]}' % (tenant % account))
    snapshot = sendas.Snapshot.compile(policy)
    key: sendas.Request = {"now": 0, "channel": "api", "account": "alice", "credential_kind": "api_key", "credential_id": "key-1"}
    scopes: list[Sequence[str | bytes] | None] = [None, ["mail.send"], ("mail.send",), [b"mail.send"], []]
    decisions = snapshot.evaluate_many([{**key, "scopes": presented, "stage": "session"} for presented in scopes])
    assert [decision.allowed for decision in decisions] == [True, True, True, True, False]


@pytest.mark.parametrize(
    "given", ["192.0.2.10", b"192.0.2.10", ipaddress.ip_address("192.0.2.10"), ipaddress.ip_address("2001:db8::1")]
)
def test_a_client_address_on_the_list_is_allowed(given: object) -> None:
    assert slugs(channel="panel", client_ip=given) == []


@pytest.mark.parametrize("given", ["192.0.2.11", "nonsense", b"\xff", "", ipaddress.ip_address("2001:db9::")])
def test_another_client_address_is_not(given: object) -> None:
    assert slugs(channel="panel", client_ip=given) == ["client_ip_not_allowed"]


def test_an_instant_is_whole_seconds_or_a_datetime_with_a_zone() -> None:
    expires = datetime(2026, 12, 1, tzinfo=timezone.utc)
    account = '{"id": "alice", "credential": [{"id": "key", "kind": "api_key", "expires": "2026-12-01T00:00:00Z"}]}'
    policy = sendas.Policy.from_json('{"schema": 1, "tenant": [{"id": "acme", "account": [%s]}]}' % account)
    snapshot = sendas.Snapshot.compile(policy)

    def allowed(now: int | datetime) -> bool:
        facts = example.request(now=now, credential_kind="api_key", credential_id="key", stage="session")
        return snapshot.evaluate(**facts).allowed

    second, microsecond = timedelta(seconds=1), timedelta(microseconds=1)
    elsewhere = timezone(timedelta(hours=-8))
    assert not allowed(expires)
    assert not allowed(expires.astimezone(elsewhere))
    assert allowed(expires - microsecond)
    assert allowed((expires - second).astimezone(elsewhere))
    assert not allowed(1_796_083_200)
    assert allowed(1_796_083_199)
    assert allowed(datetime.min.replace(tzinfo=timezone.utc))
    assert not allowed(datetime.max.replace(tzinfo=timezone.utc))


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="with a time zone"):
        slugs(now=datetime(2026, 12, 1))


WORDS = {
    "channel": get_args(sendas.Channel),
    "credential_kind": get_args(sendas.CredentialKind),
    "tls": get_args(sendas.Tls),
    "stage": get_args(sendas.Stage),
}


@pytest.mark.parametrize("name", WORDS)
def test_an_unknown_word_is_a_value_error_that_names_the_right_ones(name: str) -> None:
    for word in ("", "SMTP", "\ud800", "no\0ne"):
        with pytest.raises(ValueError, match=f"`{name}` must be one of") as raised:
            slugs(**{name: word})
        named = str(raised.value).partition(" must be one of ")[2].partition(", not ")[0]
        assert named == ", ".join(repr(right) for right in WORDS[name])
    for word in WORDS[name]:
        slugs(**{name: word})
    with pytest.raises(TypeError, match=f"`{name}` must be str, not bytes"):
        slugs(**{name: WORDS[name][0].encode()})


WRONG: list[tuple[str, object]] = [
    ("now", "2026-12-01T00:00:00Z"),
    ("now", 1.5),
    ("now", True),
    ("now", None),
    ("channel", None),
    ("account", 1),
    ("account", bytearray(b"alice")),
    ("account", ["alice"]),
    ("role", 1),
    ("client_ip", 3221225994),
    ("client_ip", ipaddress.ip_network("192.0.2.0/24")),
    ("credential_id", 7),
    ("scopes", "mail.send"),
    ("scopes", b"mail.send"),
    ("scopes", [1]),
    ("scopes", 1),
    ("tls", True),
    ("smtputf8", 1),
    ("smtputf8", None),
    ("envelope_sender", 1),
    ("envelope_sender", [b"alice@acme.example"]),
    ("header", 1),
    ("header", {"From": "alice@acme.example"}),
    ("header", ["To"]),
    ("header", [("From",)]),
    ("header", [("From", "a", "b")]),
    ("header", [("From", None)]),
    ("header", [(1, "alice@acme.example")]),
    ("stage", 1),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}-{type(value).__name__}" for name, value in WRONG])
def test_a_wrong_type_is_a_type_error_that_names_the_argument(name: str, value: object) -> None:
    facts = example.request(credential_kind="api_key")
    with pytest.raises(TypeError, match=f"`{name}`"):
        SNAPSHOT.evaluate(**{**facts, name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("To", "str"),
        (None, "NoneType"),
        (("From",), "tuple of length 1"),
        (["From", "a", "b"], "list of length 3"),
        ("abc", "str"),
        ({"name": "From", "body": "x"}, "dict"),
        (MappingProxyType({"name": "From", "body": "x"}), "mappingproxy"),
    ],
)
def test_a_field_that_is_no_pair_is_named(field: object, given: str) -> None:
    with pytest.raises(TypeError, match=f"^each field of `header` must be a pair of name and body, not {given}$"):
        SNAPSHOT.evaluate(**{**example.request(), "header": [field]})  # type: ignore[arg-type]


def test_an_instant_beyond_the_years_0_to_9999_is_a_value_error() -> None:
    first, last = -62_167_219_200, 253_402_300_799
    assert slugs(now=first) == slugs(now=last) == []
    expected = "`now`: whole seconds since 1970 within the years 0 to 9999 are expected"
    for now in (first - 1, 2**63, -(2**63) - 1, 2**200):
        with pytest.raises(ValueError, match=f"^{expected}$"):
            slugs(now=now)
    with pytest.raises(ValueError, match=f"^{expected}; in milliseconds it would be 1978-01-11T21:31:40Z$"):
        slugs(now=last + 1)
    with pytest.raises(ValueError, match="; in nanoseconds it would be 2026-12-01T00:00:00Z$"):
        slugs(now=1_796_083_200 * 10**9)
    last_of_west = datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))
    with pytest.raises(ValueError, match="^`now` must be within the years 0 to 9999$"):
        slugs(now=last_of_west)


@pytest.mark.parametrize("name", ["now", "channel"])
def test_what_has_no_default_must_be_given(name: str) -> None:
    facts = dict(example.request())
    del facts[name]
    with pytest.raises(TypeError, match=f"missing argument `{name}`"):
        SNAPSHOT.evaluate(**facts)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=f"missing argument `{name}`"):
        SNAPSHOT.evaluate_many([facts])  # type: ignore[list-item]


def test_an_unknown_argument_is_refused_everywhere() -> None:
    facts = example.request()
    with pytest.raises(TypeError, match="unexpected keyword argument 'acount'"):
        SNAPSHOT.evaluate(**facts, acount="alice")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected argument `acount`"):
        SNAPSHOT.evaluate_many([{**facts, "acount": "alice"}])  # type: ignore[typeddict-unknown-key]
    with pytest.raises(TypeError, match="unexpected argument `envelope_sender`"):
        SNAPSHOT.session(**facts)  # type: ignore[misc]
    with pytest.raises(TypeError):
        SNAPSHOT.evaluate(facts)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize("name", ["credential_id", "scopes"])
def test_what_is_known_of_a_credential_is_not_lost_for_want_of_its_kind(name: str) -> None:
    with pytest.raises(TypeError, match="missing argument `credential_kind`"):
        slugs(**{name: ["key-1"] if name == "scopes" else "key-1"})


def test_many_are_decided_in_their_order() -> None:
    accounts = ["alice", "grace", "mallory"] * 50
    requests = [example.request(account=account) for account in accounts]
    alone = [SNAPSHOT.evaluate(**request) for request in requests]
    assert SNAPSHOT.evaluate_many(requests) == alone
    assert SNAPSHOT.evaluate_many(iter(requests)) == alone
    assert SNAPSHOT.evaluate_many([UserDict(request) for request in requests]) == alone  # type: ignore[misc]
    assert SNAPSHOT.evaluate_many([]) == []
    stages: list[sendas.Stage] = ["session", "message", "envelope"]
    staged = [example.request(stage=stage) for stage in stages]
    assert [decision.stage for decision in SNAPSHOT.evaluate_many(staged)] == stages
    foreign = [example.request(envelope_sender=sender) for sender in ("<a@globex.example>", "<b@globex.example>")]
    replies = [decision.reply().text.split()[0] for decision in SNAPSHOT.evaluate_many(foreign)]
    assert replies == ["<a@globex.example>:", "<b@globex.example>:"]


@pytest.mark.parametrize("wrong", [1, None, ["now"], [None], "now", [[("now", 1)]]])
def test_many_that_are_no_mappings_are_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError):
        SNAPSHOT.evaluate_many(wrong)  # type: ignore[arg-type]


def test_a_request_is_not_changed() -> None:
    request = example.request()
    copy = dict(request)
    SNAPSHOT.evaluate_many([request])
    assert request == copy


def test_a_host_without_a_snapshot_defers() -> None:
    decision = Decision.without_snapshot("envelope")
    assert (decision.verdict, decision.action, decision.reply().code) == ("defer", "tempfail", 451)
    with pytest.raises(ValueError, match="`stage` must be one of"):
        Decision.without_snapshot("none")  # type: ignore[arg-type]
