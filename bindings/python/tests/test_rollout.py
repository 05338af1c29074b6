"""Runs the vectors of roll-out, and asks what only a program asks."""

import json
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sendas

FILES = sorted((Path(__file__).parents[3] / "tests" / "rollout").glob("*.json"))
PROVIDER: sendas.Actor = {"kind": "provider", "name": "vectors"}


def test_every_answer_is_as_its_vector_says(capsys: pytest.CaptureFixture[str]) -> None:
    count = 0
    for path in FILES:
        file = json.loads(path.read_text("utf-8"))
        for vector in file["vectors"]:
            check(vector, file.get("policies", {}))
            count += 1
    assert count > 0
    with capsys.disabled():
        print(f"rollout vectors python={count}")


def check(vector: dict[str, Any], policies: dict[str, Any]) -> None:
    observations, counts = observed(vector)
    for name, got in (
        ("dropped", observations.dropped),
        ("unattributed", observations.unattributed),
        ("counts", counts),
        ("expect", answer(vector, policies, observations)),
    ):
        if name in vector:
            assert covers(got, vector[name]), (vector["id"], name, got)


def answer(vector: dict[str, Any], policies: dict[str, Any], observations: sendas.Observations) -> Any:
    [(asked, details)] = vector["ask"].items()
    now = datetime.fromisoformat(vector.get("now", "2026-12-01T00:00:00Z").replace("Z", "+00:00"))
    match asked:
        case "tallies":
            return [tally for tally in observations.tallies() if covers(tally, details)]
        case "coverage":
            return directory(vector, policies).coverage(observations, now=now)
        case "choose":
            return directory(vector, policies).choose(observations, least=details["least"], now=now)
        case "outlook":
            return directory(vector, policies).outlook(observations, now=now)
        case "preflight":
            return directory(vector, policies).preflight(
                observations, details["actor"], details["command"], id="asked", now=now, hash_key=bytes(16)
            )
    before, after = policy(vector["policy"], policies), policy(details, policies)
    return before.preflight(after, observations, now=now)


def observed(vector: dict[str, Any]) -> tuple[sendas.Observations, sendas.PostfixCounts | None]:
    most = vector.get("most", 1000)
    together = sendas.Observations(most=most)
    apart = [sendas.Observations(most=most), sendas.Observations(most=most)]
    found, counts = records(vector)
    for index, record in enumerate(found):
        together.observe(record.request())
        apart[index % 2].observe(record.request())
    apart[0].merge(apart[1])
    assert apart[0] == together
    assert sendas.Observations.from_json_lines(together.to_json_lines()) == together
    return together, counts


def records(vector: dict[str, Any]) -> tuple[list[sendas.RequestRecord], sendas.PostfixCounts | None]:
    given = vector.get("postfix")
    if given is None:
        return [sendas.RequestRecord.from_json(json.dumps(request)) for request in vector["requests"]], None
    log = sendas.PostfixLog(most=100, year=given["year"], offset=given["offset"])
    read = [log.push(line) for line in given["lines"]]
    return [line for line in read if isinstance(line, sendas.RequestRecord)], log.counts()


def directory(vector: dict[str, Any], policies: dict[str, Any]) -> sendas.Directory:
    directory = sendas.Directory()
    for record in directory.import_policy(policy(vector["policy"], policies), name="vectors", now=0):
        directory.apply(record)
    for index, command in enumerate(vector.get("given", [])):
        outcome = directory.decide(PROVIDER, command, id=f"given-{index}", now=0)
        assert outcome["outcome"] == "changed"
        directory.apply(outcome["record"])
    return directory


def policy(given: Any, policies: dict[str, Any]) -> sendas.Policy:
    return sendas.Policy.from_json(json.dumps(policies[given] if isinstance(given, str) else given))


def covers(got: Any, expected: Any) -> bool:
    match got, expected:
        case dict(), dict():
            return all(covers(got.get(name), value) for name, value in expected.items())
        case list(), list():
            return len(got) == len(expected) and all(map(covers, got, expected))
    return bool(got == expected)


def test_lines_of_a_mail_log_say_what_they_came_to() -> None:
    log = sendas.PostfixLog(most=1, offset=0)
    client = "2026-12-01T00:00:00Z mx postfix/smtpd[1]: 4F1A2B: client=h[192.0.2.1], sasl_username=ann"
    sender = b"2026-12-01T00:00:01Z mx postfix/qmgr[1]: 4F1A2B: from=<\xff@b.example>, size=1, nrcpt=1 (queue active)\n"
    assert log.push(client) == "taken"
    record = log.push(sender)
    assert isinstance(record, sendas.RequestRecord)
    assert record.request()["account"] == b"ann"
    for line, came_to in (
        (b"\0\xff", "syntax"),
        ("2026-12-01T00:00:00Z mx kernel: x", "other"),
        ("2026-02-30T00:00:00Z mx a[1]: x", "date"),
        ("Dec  1 00:00:00 mx a[1]: x", "year"),
        (client[:-30], "text"),
    ):
        assert log.push(line) == came_to, line
    assert log.counts() == {"messages": 1, "other": 1, "not_understood": 4, "not_submitted": 0, "not_queued": 0}


def test_what_is_pending_can_be_shown() -> None:
    policy = sendas.Policy.from_json(
        '{"schema": 1, "tenant": [{"id": "acme", "account": [{"id": "ann", "role": "Admin"}],'
        ' "identity": [{"address": "a@list.example", "consent": "given"}]}]}'
    )
    directory = sendas.Directory()
    for record in directory.import_policy(policy, name="test", now=0):
        directory.apply(record)
    assert directory.consents("A@list.example") == [
        {"pair": {"tenant": "acme", "address": "a@list.example"}, "consent": "given"}
    ]
    challenge = "11" * 16
    commands: list[sendas.Command] = [
        {"command": "add_domain", "tenant": "acme", "domain": "acme.example", "challenge": challenge},
        {
            "command": "observe_dns",
            "tenant": "acme",
            "domain": "acme.example",
            "observation": {
                "expected": {"result": "found", "records": [[f"sendas-verification={challenge}"]]},
                "apex": {"result": "absent"},
                "doubled": {"result": "absent"},
            },
        },
    ]
    for index, command in enumerate(commands):
        actor: sendas.Actor = PROVIDER if index == 0 else {"kind": "host"}
        outcome = directory.decide(actor, command, id=f"c{index}", now=0)
        assert outcome["outcome"] == "changed", outcome
        directory.apply(outcome["record"])
    desk = directory.desk("acme")
    assert desk is not None
    assert (desk["id"], desk["version"], desk["challenges"][0]["outcome"]) == ("acme", 3, "verified")
    assert desk["tenant"]["identity"][0]["address"] == "a@list.example"
    assert directory.desk("globex") is None
    assert directory.rechecks_due(now=0) == []
    due = directory.rechecks_due(now=86_400)
    assert [(one["tenant"], one["names"]["expected"]) for one in due] == [("acme", "domauthvalidation.acme.example")]
    with pytest.raises(ValueError, match="`address`: "):
        directory.consents("nobody")


def test_threads_observe_what_is_read_meanwhile() -> None:
    rounds, threads = 300, 3
    observations, log = sendas.Observations(most=100), sendas.PostfixLog(most=10, offset=0)
    failures: list[BaseException] = []
    start = threading.Barrier(2 * threads)

    def change() -> None:
        for _ in range(rounds):
            observations.observe({"now": 0, "channel": "smtp", "account": "ann", "envelope_sender": "<ann@acme.example>"})
            log.push("2026-12-01T00:00:00Z mx kernel: x")

    def read() -> None:
        for _ in range(rounds):
            assert all(tally["account"] == "ann" for tally in observations.tallies())
            assert sendas.Directory().coverage(observations, now=0)["unknown_accounts"] in ([], ["ann"])
            assert log.counts()["other"] <= rounds * threads

    def guarded(run: Callable[[], None]) -> None:
        try:
            start.wait()
            run()
        except BaseException as failure:
            failures.append(failure)

    started = [threading.Thread(target=guarded, args=(run,)) for run in [change, read] * threads]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert failures == []
    assert (observations.requests, log.counts()["other"]) == (rounds * threads, rounds * threads)
    observations.merge(observations)
    assert observations.requests == 2 * rounds * threads


def test_what_cannot_be_read_raises() -> None:
    with pytest.raises(ValueError, match="1:1: the required key `most` is missing"):
        sendas.Observations.from_json_lines(b'{"schema":1}')
    observations = sendas.Observations(most=10)
    with pytest.raises(ValueError, match="16 random bytes"):
        sendas.Directory().outlook(observations, now=0, hash_key=b"short")
    with pytest.raises(ValueError, match="did you mean `add_tenant`"):
        sendas.Directory().preflight(observations, PROVIDER, {"command": "add_tenan"}, id="1", now=0)
    for wrong, message in [
        ({"now": 0}, "missing argument `channel`"),
        ({"now": 0, "channel": "smtp", "stage": "message"}, "`stage`"),
        (sendas.RequestRecord(now=0, channel="smtp"), "`request` must be a mapping, not RequestRecord"),
    ]:
        with pytest.raises(TypeError, match=message):
            observations.observe(wrong)  # type: ignore[arg-type]
    assert observations.requests == 0
    empty = sendas.Directory().coverage(observations, now=0)
    assert empty["total"]["from"]["unknown"] == 0
    command: sendas.Command = {"command": "add_tenant", "tenant": "a"}
    refused = sendas.Directory().preflight(observations, {"kind": "host"}, command, id="1", now=0)
    # A preflight has no outcome; a refusal has.
    assert dict(refused)["refusal"] == "actor_may_not"
