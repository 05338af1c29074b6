"""No reader of the standard library sees in an allowed From field a mailbox that its sender does not own."""

import json
from collections.abc import Callable
from email import policy
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest

import sendas

GIVEN = json.loads((Path(__file__).parents[3] / "tests" / "differential" / "fields.json").read_text("utf-8"))

OWN: str = GIVEN["own"]

SNAPSHOT = sendas.Snapshot.compile(sendas.Policy.from_json(json.dumps(GIVEN["policy"])))


def headerregistry(body: str) -> list[str]:
    header: Any = policy.default.header_fetch_parse("From", body)
    return [address.addr_spec for address in header.addresses]


def plain(body: str) -> list[str]:
    return [address for _, address in getaddresses([body]) if address]


def is_others(address: str) -> bool:
    """Text without a local part or a domain names nobody (docs/rfc.md)."""
    local, _, domain = address.rpartition("@")
    return bool(local and domain) and address.replace('"', "").replace("\\", "").lower() != OWN


@pytest.mark.parametrize("read", [headerregistry, plain])
def test_no_other_mailbox_is_read_in_an_allowed_field(read: Callable[[str], list[str]]) -> None:
    count = 0
    for field in GIVEN["fields"]:
        body = field["body"]
        decision = SNAPSHOT.evaluate(
            now=1_790_000_000,
            channel="smtp",
            account="mallory",
            smtputf8=True,
            envelope_sender=f"<{OWN}>",
            header=[("From", body), ("Sender", f" {OWN}")],
        )
        assert decision.allowed == field["allowed"], body
        if not field["allowed"]:
            continue
        found = read(body)
        assert found, body
        assert not [address for address in found if is_others(address)], body
        count += 1
    assert count > len(GIVEN["fields"]) / 20
