"""What a decision costs where many are asked for in one call, beside the same call in Rust."""

import json
import statistics
import sys
from collections.abc import Callable
from itertools import repeat
from time import perf_counter_ns
from typing import Any

import pyarrow

from overhead import row
from sendas import Policy, RequestRecord, Snapshot
from sendas._sendas import core_nanoseconds  # feature `bench`

ROUNDS = 60

NAMES = ("now", "channel", "account", "client_ip", "credential_kind", "tls", "envelope_sender", "header")

FIELD = pyarrow.struct([("name", pyarrow.string()), ("body", pyarrow.string())])
COLUMNS = pyarrow.schema([("now", pyarrow.int64()), *((name, pyarrow.string()) for name in NAMES[1:-1]), ("header", pyarrow.list_(FIELD))])


def columns(requests: list[dict[str, Any]]) -> pyarrow.RecordBatch:
    """The same requests in Arrow's columns."""
    rows = [request | {"header": [{"name": name, "body": body} for name, body in request["header"]]} for request in requests]
    return pyarrow.RecordBatch.from_pylist(rows, schema=COLUMNS)


def main(policy: str, requests: str) -> None:
    """Measure everything in turn, so that a slow moment of the machine hits all of it."""
    snapshot = Snapshot.compile(Policy.from_path(policy))
    with open(requests, "rb") as lines:
        given = [dict(zip(NAMES, row(RequestRecord.from_json(line).request()), strict=True)) for line in lines]
    batch = columns(given)

    def timed(call: Callable[[], object]) -> Callable[[], float]:
        def measure() -> float:
            started = perf_counter_ns()
            answer = call()
            taken = (perf_counter_ns() - started) / len(given)
            del answer
            return taken

        return measure

    two = ["verdict", "reason"]
    calls: dict[str, Callable[[], Any]] = {
        "evaluate_many": lambda: snapshot.evaluate_many(given),
        "evaluate_many, each verdict": lambda: [decision.verdict for decision in snapshot.evaluate_many(given)],
        "evaluate_arrow": lambda: pyarrow.record_batch(snapshot.evaluate_arrow(batch)),
        f"evaluate_arrow, columns={two}": lambda: pyarrow.record_batch(snapshot.evaluate_arrow(batch, columns=two)),
    }
    verdicts = calls["evaluate_many"]().verdicts
    assert verdicts == calls["evaluate_many, each verdict"]()
    assert all(verdicts == call()["verdict"].to_pylist() for name, call in calls.items() if "arrow" in name)
    measures = {"core": lambda: core_nanoseconds(snapshot, given), **{name: timed(call) for name, call in calls.items()}}
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in repeat(None, ROUNDS):
        for name, measure in measures.items():
            taken[name].append(measure())
    # A call is so long that the system often takes the processor away meanwhile.
    quick = {name: statistics.quantiles(samples, n=10)[0] for name, samples in taken.items()}
    for name in calls:
        print(json.dumps({"language": "python", "call": name, "ns": quick[name], "core": quick["core"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
