"""What is counted on one machine is what `evaluate` decides row by row."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

import sendas
from replay import local


def test_the_counts_are_those_of_single_decisions(month: Path, candidate: sendas.Snapshot) -> None:
    expected: Counter[tuple[str, str, str | None]] = Counter()
    for row in pa.parquet.read_table(month / "traffic.parquet").to_pylist():
        decision = candidate.evaluate(**request(row))
        reason = decision.reasons[0].reason if decision.reasons else None
        expected[row["was"], decision.verdict, reason] += 1
    counted = local.count(candidate, str(month / "*.parquet"))
    assert {(was, verdict, reason): requests for was, verdict, reason, requests, _ in counted} == expected
    turned = [was != verdict for was, verdict, *_ in counted]
    assert turned == sorted(turned, reverse=True)
    assert {(was, verdict) for was, verdict, *_ in counted} == {(a, b) for a in ("allow", "deny") for b in ("allow", "deny")}
    assert len(expected) > 12


def test_nothing_turns_where_the_policy_stays(month: Path) -> None:
    in_force = sendas.Snapshot.compile(sendas.Policy.from_path(month / "policy.jsonl"))
    counted = local.count(in_force, str(month / "traffic.parquet"))
    assert counted
    assert all(was == verdict for was, verdict, *_ in counted)


def test_the_program_prints_a_line_for_each(month: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "replay.local", month / "candidate.jsonl", month / "traffic.parquet"],
        capture_output=True,
        check=True,
        text=True,
    )
    heading, *lines = run.stdout.splitlines()
    assert heading.split() == ["was", "is", "reason", "requests", "accounts"]
    assert lines[0].split()[:3] == ["allow", "deny", "tls_required"]
    assert run.stderr == ""


def request(row: dict[str, Any]) -> sendas.Request:
    """Return what `evaluate` takes of a row."""
    given = {name: value for name, value in row.items() if name not in ("message_id", "was") and value is not None}
    given["header"] = [(field["name"], field["body"]) for field in row["header"]]
    return given  # type: ignore[return-value]
