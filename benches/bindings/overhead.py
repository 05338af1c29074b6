"""What one call of `Snapshot.evaluate` costs beyond the decision, beside calls of the same signature with an empty body."""

import inspect
import json
import statistics
import sys
from collections.abc import Callable
from itertools import repeat
from time import perf_counter_ns
from typing import Any

from sendas import Policy, RequestRecord, Snapshot
from sendas._sendas import Empty, Timed, clock_nanoseconds  # feature `bench`

ROUNDS = 20

# The calls that are timed as one: so few that the system seldom takes the processor away meanwhile.
RUN = 50

Row = tuple[int, str, str, str, str, str, str, list[tuple[str, str]]]


def row(request: dict[str, Any]) -> Row:
    """The facts as text, as a mail server in Python has them."""
    text = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.items()}
    header = [(name.decode(), body.decode()) for name, body in request["header"]]
    words = (text["channel"], text["account"], text["client_ip"], text["credential_kind"], text["tls"])
    return (text["now"], *words, text["envelope_sender"], header)


def calls(evaluate: Callable[..., Any], rows: list[Row]) -> float:
    """Nanoseconds that one of the calls takes, with the loop around it."""
    started = perf_counter_ns()
    for now, channel, account, client_ip, kind, tls, sender, header in rows:
        evaluate(
            now=now, channel=channel, account=account, client_ip=client_ip, credential_kind=kind, tls=tls,
            envelope_sender=sender, header=header,
        )  # fmt: skip
    return (perf_counter_ns() - started) / len(rows)


def loop(rows: list[Row]) -> float:
    """Nanoseconds that a turn of that loop takes by itself."""
    started = perf_counter_ns()
    for _now, _channel, _account, _client_ip, _kind, _tls, _sender, _header in rows:
        pass
    return (perf_counter_ns() - started) / len(rows)


def main(policy: str, requests: str) -> None:
    """Measure everything in turn, so that a slow moment of the machine hits all of it."""
    snapshot, empty = Snapshot.compile(Policy.from_path(policy)), Empty()
    timed = Timed(snapshot)
    assert inspect.signature(Snapshot.evaluate) == inspect.signature(Empty.unread)
    with open(requests, "rb") as lines:
        given = [RequestRecord.from_json(line).request() for line in lines]
    rows = [row(request) for request in given]

    def core(run: slice) -> float:
        timed.taken()
        calls(timed.evaluate, rows[run])
        return timed.taken() / len(rows[run]) - clock_nanoseconds()

    measures: dict[str, Callable[[slice], float]] = {
        "loop": lambda run: loop(rows[run]),
        "evaluate": lambda run: calls(snapshot.evaluate, rows[run]),
        "core": core,
        "read": lambda run: calls(empty.read, rows[run]),
        "unread": lambda run: calls(empty.unread, rows[run]),
    }
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in repeat(None, ROUNDS):
        for start in range(0, len(rows), RUN):
            run = slice(start, start + RUN)
            # A server has just made what it hands over, so nobody's turn is the first to read it.
            calls(snapshot.evaluate, rows[run])
            for name, measure in measures.items():
                taken[name].append(measure(run))
    median = {name: statistics.median(samples) for name, samples in taken.items()}
    net = {name: median[name] - median["loop"] for name in ("evaluate", "read", "unread")}
    print(json.dumps({"language": "python", **net, "core": median["core"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
