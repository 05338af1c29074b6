"""What takes long lets other threads run."""

import json
import sysconfig
from collections.abc import Callable
from typing import Any

import pytest
import sendas
from meanwhile import others_run

TENANTS = [
    {
        "id": f"t{number}",
        "domain": [{"name": f"t{number}.example", "status": "verified"}],
        "account": [{"id": f"a{number}", "address": f"a{number}@t{number}.example"}],
        "identity": [{"address": f"i{number}@list.example", "consent": "given"}],
    }
    for number in range(20_000)
]
POLICY = sendas.Policy.from_json(json.dumps({"schema": 1, "tenant": TENANTS}))
SAME = sendas.Policy.from_json(POLICY.to_json())
DIRECTORY, OTHER = sendas.Directory(), sendas.Directory()
for record in DIRECTORY.import_policy(POLICY, name="test", now=0):
    DIRECTORY.apply(record)
    OTHER.apply(record)


def seen() -> sendas.Observations:
    observations = sendas.Observations(most=100_000)
    for number in range(20_000):
        sender = f"<a{number}@t{number}.example>"
        observations.observe({"now": 0, "channel": "smtp", "account": f"a{number}", "envelope_sender": sender})
    return observations


SEEN, SEEN_TOO = seen(), seen()

CALLS: dict[str, Callable[[], Any]] = {
    "policy to JSON": POLICY.to_json,
    "policy to JSON Lines": POLICY.to_json_lines,
    "policies compared": lambda: POLICY == SAME,
    "policy of a directory": DIRECTORY.policy,
    "directories compared": lambda: DIRECTORY == OTHER,
    "policy taken over": lambda: sendas.Directory().import_policy(POLICY, name="test", now=0),
    "domains to look up": lambda: DIRECTORY.rechecks_due(now=0),
    "observations to JSON Lines": SEEN.to_json_lines,
    "tallies of observations": SEEN.tallies,
    "observations compared": lambda: SEEN == SEEN_TOO,
    "observations added": lambda: SEEN.merge(SEEN_TOO),
}


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="others always run")
@pytest.mark.parametrize("name", CALLS)
def test_others_run_during_it(name: str) -> None:
    assert others_run(CALLS[name])
