import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

import example
from sendas import Diagnostic, Policy, PolicyError, Snapshot, policy_schema

JSON = '{"schema": 1, "tenant": [{"id": "acme"}]}'
LINES = '{"schema": 1}\n{"id": "acme"}\n'
TOML = 'schema = 1\n[[tenant]]\nid = "acme"\n'


def test_every_form_reads_the_same() -> None:
    policy = Policy.from_json(JSON)
    assert Policy.from_toml(TOML) == policy
    assert Policy.from_toml(TOML.encode()) == policy
    assert Policy.from_json(JSON.encode()) == policy
    assert Policy.from_json_lines(LINES) == policy
    assert Policy.from_json_lines(LINES.encode().splitlines(keepends=True)) == policy
    assert Policy.from_json('{"schema": 1}') != policy


def test_lines_are_compiled_as_they_come(tmp_path: Path) -> None:
    key = bytes(range(16))
    tenants = "".join(f'{{"id": "tenant-{number}"}}\n' for number in range(20_000, 0, -1))
    text = '{"schema": 1}\n' + tenants
    expected = Snapshot.compile(Policy.from_json_lines(text), hash_key=key).seal()
    path = tmp_path / "policy.jsonl"
    path.write_text(text)
    with path.open("rb") as lines:
        assert Snapshot.from_json_lines(lines, hash_key=key).seal() == expected
    pieces = (text[start : start + 1_001] for start in range(0, len(text), 1_001))
    for given in (text, text.encode(), pieces):
        assert Snapshot.from_json_lines(given, hash_key=key).seal() == expected
    assert Snapshot.from_json_lines(LINES, mailboxes=3).id == Snapshot.compile(Policy.from_json_lines(LINES)).id


def test_lines_that_are_compiled_are_refused_as_those_that_are_read() -> None:
    text = '{"schema": 1}\n{"id": "acme", "suspendet": true}\n{"id": "acme"}\n'
    with pytest.raises(PolicyError) as raised:
        Snapshot.from_json_lines(text)
    misspelled, twice = raised.value.diagnostics
    assert (misspelled.line, misspelled.column, misspelled.path) == (2, 16, "tenant[0].suspendet")
    assert (twice.line, twice.column, twice.path) == (3, 1, "tenant[1].id")
    with pytest.raises(PolicyError):
        Snapshot.from_json_lines([])

    def broken() -> Iterator[str]:
        yield '{"schema": 1}\n'
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        Snapshot.from_json_lines(broken())
    with pytest.raises(TypeError, match="`text` must be bytes or str"):
        Snapshot.from_json_lines([7])  # type: ignore[list-item]


@pytest.mark.parametrize(("name", "text"), [("p.toml", TOML), ("p.json", JSON), ("p.jsonl", LINES)])
def test_the_suffix_of_a_file_says_what_it_is(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert Policy.from_path(path) == Policy.from_path(str(path)) == Policy.from_json(JSON)


def test_a_file_of_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`\.toml`, `\.json` or `\.jsonl`"):
        Policy.from_path(tmp_path / "policy.yaml")
    with pytest.raises(FileNotFoundError):
        Policy.from_path(tmp_path / "none.toml")


def test_what_is_written_is_read_back() -> None:
    policy = Policy.from_toml(example.POLICY)
    assert Policy.from_json(policy.to_json()) == policy
    assert Policy.from_json_lines(policy.to_json_lines()) == policy


def test_every_problem_is_named_with_its_place() -> None:
    with pytest.raises(PolicyError) as raised:
        Policy.from_toml('schema = 1\n[[tenant]]\nid = "acme"\nsuspendet = true\nadmin_vouches = 3\n')
    first, second = raised.value.diagnostics
    assert (first.line, first.column, first.path) == (4, 1, "tenant[0].suspendet")
    assert first.help is not None and "suspended" in first.help
    assert (second.line, second.path) == (5, "tenant[0].admin_vouches")
    assert str(raised.value).count("\n") == 1
    assert str(raised.value).startswith("4:1: tenant[0].suspendet: ")
    assert isinstance(raised.value, ValueError)


def test_an_error_survives_pickling() -> None:
    error = PolicyError("text", [Diagnostic(1, 2, "tenant", "message", None)])
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.diagnostics) == (str(error), error.diagnostics)


@pytest.mark.parametrize("text", ["schema = 1\ud800", b"schema = 1\xff", "\0", ""])
def test_hostile_text_is_a_problem_of_the_policy(text: str | bytes) -> None:
    for read in (Policy.from_toml, Policy.from_json, Policy.from_json_lines):
        with pytest.raises(PolicyError) as raised:
            read(text)
        assert raised.value.diagnostics


@pytest.mark.parametrize("text", [None, 1, {}, bytearray(b"schema = 1")])
def test_what_is_no_text_is_a_type_error(text: object) -> None:
    for read in (Policy.from_toml, Policy.from_json):
        with pytest.raises(TypeError, match="`text` must be bytes or str, not"):
            read(text)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Policy.from_json_lines([text])  # type: ignore[list-item]


def test_a_snapshot_is_identified_by_its_content() -> None:
    policy = Policy.from_toml(example.POLICY)
    first, second = Snapshot.compile(policy, hash_key=b"k" * 16), Snapshot.compile(policy)
    assert first.id == second.id == example.SNAPSHOT.id
    assert len(first.id) == 32 and int(first.id, 16)
    assert first.size > 0
    assert first.tenants() == ["acme", "globex"]


@pytest.mark.parametrize("key", [b"", b"k" * 15, b"k" * 17])
def test_a_hash_key_has_16_octets(key: bytes) -> None:
    with pytest.raises(ValueError, match="`hash_key` must be 16 random bytes"):
        Snapshot.compile(Policy.from_json(JSON), hash_key=key)


def test_limits_bound_what_is_read() -> None:
    policy = Policy.from_toml(example.POLICY)
    facts = example.request()

    def slugs(snapshot: Snapshot) -> list[str]:
        return [finding.reason for finding in snapshot.evaluate(**facts).reasons]

    assert "limit_exceeded" in slugs(Snapshot.compile(policy, field_octets=10))
    assert "limit_exceeded" in slugs(Snapshot.compile(policy, header_octets=10))
    assert "too_many_mailboxes" in slugs(Snapshot.compile(policy, mailboxes=0))
    facts["header"] = b"From: ((alice)) alice@acme.example\r\n\r\n"
    assert Snapshot.compile(policy).evaluate(**facts).allowed
    assert not Snapshot.compile(policy, comment_depth=1).evaluate(**facts).allowed


def test_a_tenant_is_replaced_added_and_removed() -> None:
    suspended = Policy.from_json('{"schema": 1, "tenant": [{"id": "acme", "suspended": true}]}')
    replaced = example.SNAPSHOT.replace_tenant("acme", suspended)
    assert example.SNAPSHOT.evaluate(**example.request()).allowed
    assert not replaced.evaluate(**example.request()).allowed
    assert replaced.id != example.SNAPSHOT.id
    added = Policy.from_json('{"schema": 1, "tenant": [{"id": "new"}]}')
    assert example.SNAPSHOT.replace_tenant("new", added).tenants() == ["acme", "globex", "new"]
    assert example.SNAPSHOT.remove_tenant("acme").tenants() == ["globex"]
    assert example.SNAPSHOT.remove_tenant("none").id == example.SNAPSHOT.id
    with pytest.raises(ValueError, match="^`id` must be the id of a tenant of the policy, which has no `acme`$"):
        example.SNAPSHOT.replace_tenant("acme", added)


def test_a_tenant_that_does_not_fit_the_others_is_refused() -> None:
    claim = {"id": "alice2", "address": "alice@acme.example"}
    other = Policy.from_json(json.dumps({"schema": 1, "tenant": [{"id": "other", "account": [claim]}]}))
    with pytest.raises(PolicyError) as raised:
        example.SNAPSHOT.replace_tenant("other", other)
    (diagnostic,) = raised.value.diagnostics
    assert (diagnostic.line, diagnostic.column) == (None, None)
    assert diagnostic.path == "tenant[2].account[0].address"


def test_a_parent_cannot_be_removed() -> None:
    family = {"schema": 1, "tenant": [{"id": "parent"}, {"id": "child", "parent": "parent"}]}
    snapshot = Snapshot.compile(Policy.from_json(json.dumps(family)))
    with pytest.raises(PolicyError):
        snapshot.remove_tenant("parent")
    changed = Policy.from_json(json.dumps({**family, "tenant": [{"id": "parent", "suspended": True}, family["tenant"][1]]}))  # type: ignore[index]
    assert snapshot.replace_tenant("child", changed).tenants() == ["child", "parent"]


def test_the_schema_is_json() -> None:
    assert json.loads(policy_schema())["$schema"] == "https://json-schema.org/draft/2020-12/schema"
