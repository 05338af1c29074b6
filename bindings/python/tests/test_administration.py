"""Runs the vectors of administration, and follows a log."""

import json
import sys
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sendas
from meanwhile import tries

FILES = sorted((Path(__file__).parents[3] / "tests" / "administration").glob("*.json"))
NOW = "2026-12-01T00:00:00Z"


def test_every_command_is_decided_as_its_vector_says(capsys: pytest.CaptureFixture[str]) -> None:
    count = 0
    for path in FILES:
        file = json.loads(path.read_text("utf-8"))
        states = {name: state(given, file["actors"]) for name, given in file["states"].items()}
        for vector in file["vectors"]:
            answer = decide(states[vector["state"]], vector, file["actors"], vector["id"])
            check(vector["id"], answer, vector["expect"])
            if "then" in vector:
                # A directory of its own, as the other vectors begin in the state before.
                after = state(file["states"][vector["state"]], file["actors"])
                if answer["outcome"] == "changed":
                    after.apply(answer["record"])
                ask(vector, sendas.Snapshot.compile(after.policy()))
            count += 1
        for row in file.get("matrix", []):
            for name in file["actors"]:
                answer = decide(states["plain"], {**row, "actor": name}, file["actors"], "row")
                shut_out = answer.get("refusal") in ("actor_may_not", "permission_missing")
                assert shut_out == (name not in row["may"]), (row, name, answer)
                count += 1
    assert count > 0
    with capsys.disabled():
        print(f"administration vectors python={count}")


def check(name: str, answer: dict[str, Any], expect: dict[str, Any]) -> None:
    got = {
        "about": answer.get("about"),
        "client_text": answer.get("client_text"),
        "events": answer.get("record", {}).get("events"),
        "obligations": answer.get("obligations"),
        "outcome": answer.get("outcome"),
        "refusal": answer.get("refusal"),
        "warnings": [warning["warning"] for warning in answer["warnings"]] if "warnings" in answer else None,
    }
    for member, value in expect.items():
        assert covers(got[member], value), (name, member, got[member], value)
    assert got["refusal"] == expect.get("refusal"), (name, got)


def ask(vector: dict[str, Any], snapshot: sendas.Snapshot) -> None:
    """Ask the snapshot after the command what the vector expects of it."""
    for asked in vector["then"]:
        facts = {"now": NOW, "channel": "api"} | {name: asked[name] for name in asked.keys() - {"from", "verdict", "reasons"}}
        facts["envelope"] = {"path": f"<{asked['from']}>"}
        facts["header"] = {"fields": [["From", f" <{asked['from']}>"]]}
        [decision] = snapshot.evaluate_many([sendas.RequestRecord.from_json(json.dumps(facts)).request()])
        reasons = [finding.reason for finding in decision.reasons]
        assert (decision.verdict, reasons) == (asked["verdict"], asked["reasons"]), (vector["id"], asked, reasons)


def covers(got: Any, expected: Any) -> bool:
    match got, expected:
        case dict(), dict():
            return all(name in got and covers(got[name], value) for name, value in expected.items())
        case list(), list():
            return len(got) == len(expected) and all(map(covers, got, expected))
    return bool(got == expected)


def state(given: dict[str, Any], actors: dict[str, Any]) -> sendas.Directory:
    directory = sendas.Directory()
    policy = sendas.Policy.from_json(json.dumps(given["policy"]))
    for record in directory.import_policy(policy, name="vectors", now=0):
        directory.apply(record)
    for index, step in enumerate(given.get("given", [])):
        answer = decide(directory, step, actors, f"given-{index}")
        directory.apply(answer["record"])
    return directory


def decide(directory: sendas.Directory, vector: dict[str, Any], actors: dict[str, Any], name: str) -> dict[str, Any]:
    actor = vector["actor"]
    answer = directory.decide(
        actors[actor] if isinstance(actor, str) else actor,
        vector["command"],
        id=vector.get("order", name),
        now=datetime.fromisoformat(vector.get("now", NOW).replace("Z", "+00:00")),
        expected=vector.get("expected"),
    )
    return dict(answer)


def test_a_log_folds_and_a_snapshot_follows_it() -> None:
    directory = sendas.Directory()
    snapshot = sendas.Snapshot.compile(directory.policy())
    now = datetime(2026, 12, 1, tzinfo=timezone.utc)
    log = []
    commands: list[sendas.Command] = [
        {"command": "add_tenant", "tenant": "acme"},
        {"command": "add_account", "tenant": "acme", "account": "ada", "address": "ada@acme.example", "roles": []},
    ]
    for number, command in enumerate(commands):
        answer = directory.decide({"kind": "provider", "name": "test"}, command, id=f"c{number}", now=now)
        assert answer["outcome"] == "changed"
        directory.apply(answer["record"])
        snapshot = snapshot.follow(directory, answer["record"])
        assert sendas.obligations(answer["record"]) == answer["obligations"]
        log.append(json.dumps(answer["record"]))
    assert directory.sequence == 2
    assert sendas.Directory.from_log("\n".join(log)) == directory
    assert snapshot.id == sendas.Snapshot.compile(directory.policy()).id
    decision = snapshot.evaluate(
        now=now, channel="smtp", account="ada", envelope_sender="<ada@acme.example>", stage="envelope"
    )
    assert decision.allowed


def test_a_directory_may_be_used_while_a_mapping_is_read() -> None:
    class Interrupted(dict[str, Any]):
        def items(self) -> Any:
            apply_other()
            return super().items()

    def apply_other() -> None:
        number = directory.sequence
        add_tenant: sendas.Command = {"command": "add_tenant", "tenant": f"other-{number}"}
        answer = directory.decide({"kind": "provider", "name": "test"}, add_tenant, id=f"other-{number}", now=0)
        assert answer["outcome"] == "changed"
        directory.apply(answer["record"])

    directory = sendas.Directory()
    command: Any = Interrupted(command="add_tenant", tenant="acme")
    answer = directory.decide({"kind": "provider", "name": "test"}, command, id="one", now=0)
    # It is decided by what the directory is once the command is read.
    assert answer["outcome"] == "changed"
    assert (directory.sequence, answer["record"]["sequence"]) == (1, 2)
    with pytest.raises(ValueError, match="the next record is 3"):
        directory.apply(Interrupted(answer["record"]))  # type: ignore[arg-type]


def test_others_run_while_a_directory_that_is_being_read_is_copied() -> None:
    tenants = [{"id": f"t{number}", "account": [{"id": f"a{number}"}]} for number in range(5_000)]
    policy = sendas.Policy.from_json(json.dumps({"schema": 1, "tenant": tenants}))
    directory, seen = sendas.Directory(), sendas.Observations(most=1)
    for record in directory.import_policy(policy, name="test", now=0):
        directory.apply(record)
    provider: sendas.Actor = {"kind": "provider", "name": "test"}
    ran = False

    def read() -> None:
        directory.preflight(seen, provider, {"command": "add_tenant", "tenant": "other"}, id="other", now=0)

    def run() -> None:
        nonlocal ran
        go.acquire()
        ran = True

    interval = sys.getswitchinterval()
    for number in tries():
        add_tenant: sendas.Command = {"command": "add_tenant", "tenant": f"new-{number}"}
        answer = directory.decide(provider, add_tenant, id=f"new-{number}", now=0)
        assert answer["outcome"] == "changed"
        go = threading.Lock()
        go.acquire()
        reader, other = threading.Thread(target=read), threading.Thread(target=run)
        # From here on, who has the interpreter keeps it until it waits, or lets others run.
        sys.setswitchinterval(1_000)
        try:
            other.start()
            reader.start()
            go.release()
            directory.apply(answer["record"])
            meanwhile = ran
        finally:
            sys.setswitchinterval(interval)
        reader.join()
        other.join()
        # The other thread may have come too late, or the reader been too early.
        if meanwhile:
            return
        ran = False
    pytest.fail("no other thread ran while the directory was copied")


def test_what_cannot_be_read_or_does_not_fit_raises() -> None:
    directory = sendas.Directory()
    with pytest.raises(ValueError, match="did you mean `add_tenant`"):
        directory.decide({"kind": "host"}, {"command": "add_tenan"}, id="1", now=0)
    with pytest.raises(ValueError, match="line 1: |1:1: "):
        sendas.Directory.from_log(b"{}\n")
    assert directory == sendas.Directory()


def test_a_record_that_fits_may_bring_a_problem() -> None:
    directory = sendas.Directory()
    record: sendas.Record = {
        "schema": 1,
        "sequence": 1,
        "at": NOW,
        "by": {"kind": "host"},
        "id": "one",
        "command": "add_tenant",
        "tenant": "acme",
        "version": 1,
        "events": [{"event": "tenant_added", "parent": "none"}],
    }
    assert directory.problems_after(record) == ["there is no tenant `none`"]
    assert directory.problems_after({**record, "events": [{"event": "tenant_added"}]}) == []
    with pytest.raises(ValueError, match="the next record is 1"):
        directory.problems_after({**record, "sequence": 2})
