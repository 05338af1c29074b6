"""Makes a provider's policy, a candidate in its place, and a month of traffic: seeded, so that everybody has the same.

    python -m replay.traffic FOLDER --tenants 500 --requests 200000
"""

import argparse
import json
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

import sendas

MONTH = (1_793_491_200, 1_796_083_200)
"""November 2026, in seconds since the epoch."""

ACCOUNTS = 10
ROWS = 25_000
"""As many rows as a row group of the file has."""

TEXT = pa.string()
SCHEMA = pa.schema(
    [
        ("message_id", pa.int64()),
        ("now", pa.timestamp("us", "UTC")),
        ("channel", TEXT),
        ("account", TEXT),
        ("client_ip", TEXT),
        ("credential_kind", TEXT),
        ("tls", TEXT),
        ("envelope_sender", TEXT),
        ("header", pa.list_(pa.struct([("name", TEXT), ("body", TEXT)]))),
    ]
)


def tenant(number: int) -> dict[str, Any]:
    """Return a customer as the policy in force has it: a domain, and accounts with own addresses."""
    name = f"t{number}.example"
    accounts = [{"id": f"{user(index)}@{name}", "address": f"{user(index)}@{name}"} for index in range(ACCOUNTS)]
    accounts[0]["identity"] = [{"address": f"owner{number}@elsewhere.example", "consent": "given"}]  # type: ignore[assignment]
    domain = {"name": name, "status": "verified", "senders": [accounts[0]["id"], accounts[1]["id"]]}
    customer: dict[str, Any] = {"id": f"t{number}", "domain": [domain], "account": accounts}
    if number % 3 == 0:
        customer["allowlist"] = [{"channel": "smtp", "entries": [{"cidr": "192.0.2.0/25"}]}]
    if number % 4 == 0:
        customer["header"] = {"alignment": "none"}
    return customer


def changed(number: int) -> dict[str, Any]:
    """Return the customer as the candidate has it: some are to be stricter, one is to be looser, most stay."""
    customer = tenant(number)
    match number % 10:
        case 1:
            customer["header"] = {"alignment": "domain"}
        case 2:
            customer["credential"] = {"require_tls": True}
        case 3:
            customer["domain"][0]["senders"] = []
        case 4:
            customer["controls"] = {"sender": "monitor"}
        case 5:
            customer["domain"][0]["senders"] = "any"
    return customer


def policy(customers: list[dict[str, Any]]) -> str:
    """Return customers as JSON Lines."""
    return "".join(json.dumps(line) + "\n" for line in [{"schema": 1, "provider": {}}, *customers])


def user(index: int) -> str:
    return ["ada", "ben", "cem", "dan", "eva", "fay", "gus", "hal", "ivy", "jon"][index]


def requests(tenants: int, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Return recorded requests in the order of time: few customers send most, and one in five is not as it should be."""
    choice = random.Random(seed)
    weights = list(accumulate(1 / rank for rank in range(1, tenants + 1)))
    start, end = MONTH
    for number in range(count):
        customer = choice.choices(range(tenants), cum_weights=weights)[0]
        account = f"{user(choice.randrange(ACCOUNTS))}@t{customer}.example"
        request = {
            "message_id": number,
            "now": (start + (end - start) * number // count) * 1_000_000,
            "channel": choice.choice(["smtp", "smtp", "smtp", "api", "webmail"]),
            "account": account,
            "client_ip": f"192.0.2.{choice.randrange(1, 120)}",
            "credential_kind": choice.choice(["password", "oauth"]),
            "tls": choice.choice(["starttls", "implicit", "plain"]),
            "envelope_sender": f"<{account}>",
            "header": header(account),
        }
        if choice.random() < 0.2:
            request |= oddity(choice, customer, account)
        yield request


def oddity(choice: random.Random, customer: int, account: str) -> dict[str, Any]:
    """Return what is different about a request that is not as most are."""
    other = f"{user(choice.randrange(ACCOUNTS))}@t{customer}.example"
    stranger = f"ada@t{customer + 1}.example"
    return choice.choice(
        [
            {"envelope_sender": "<>"},
            {"envelope_sender": f"<bounce+{choice.randrange(99)}@t{customer}.example>"},
            {"envelope_sender": f"<{stranger}>", "header": header(stranger)},
            {"header": header(other)},
            {"header": header(f"owner{customer}@elsewhere.example")},
            {"header": header(account, name=f'"{stranger}" ')},
            {"header": [*header(account), *header(other)]},
            {"header": header(account)[1:]},
            {"client_ip": "198.51.100.7"},
            {"client_ip": None},
            {"account": None},
            {"account": account.upper()},
        ]
    )


def header(address: str, name: str = "") -> list[tuple[str, str]]:
    return [("From", f" {name}<{address}>"), ("To", " someone@elsewhere.example"), ("Subject", " About next week")]


def write(folder: Path, tenants: int, count: int, seed: int) -> None:
    """Write `policy.jsonl`, `candidate.jsonl`, and `traffic.parquet` with the verdicts of then as column `was`."""
    (folder / "policy.jsonl").write_text(policy([tenant(number) for number in range(tenants)]), "utf-8")
    (folder / "candidate.jsonl").write_text(policy([changed(number) for number in range(tenants)]), "utf-8")
    in_force = sendas.Snapshot.compile(sendas.Policy.from_path(folder / "policy.jsonl"))
    recorded = requests(tenants, count, seed)
    with pa.parquet.ParquetWriter(folder / "traffic.parquet", SCHEMA.append(pa.field("was", TEXT))) as file:
        for start in range(0, count, ROWS):
            rows = [next(recorded) for _ in range(min(ROWS, count - start))]
            batch = pa.RecordBatch.from_pylist(rows, SCHEMA)
            decided = pa.record_batch(in_force.evaluate_arrow(batch, keep=["message_id"]))
            file.write_batch(batch.append_column(pa.field("was", TEXT), decided["verdict"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tenants", type=int, default=500)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write(arguments.folder, arguments.tenants, arguments.requests, arguments.seed)


if __name__ == "__main__":
    main()
