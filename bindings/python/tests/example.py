"""A policy of two customers, and a request that it allows."""

from typing import Final

import sendas

POLICY: Final = """
schema = 1

[[tenant]]
id = "acme"

[[tenant.domain]]
name = "acme.example"
status = "verified"
senders = "any"

[[tenant.account]]
id = "alice"
address = "alice@acme.example"

[[tenant.allowlist]]
channel = "panel"
entries = [{ ip = "192.0.2.10" }, { cidr = "2001:db8::/32" }]

[[tenant]]
id = "globex"

[[tenant.domain]]
name = "globex.example"
status = "verified"
senders = "any"

[[tenant.account]]
id = "grace"
address = "grace@globex.example"

[[tenant.account.credential]]
id = "key-1"
kind = "api_key"
scopes = ["mail.send"]
"""

SNAPSHOT: Final = sendas.Snapshot.compile(sendas.Policy.from_toml(POLICY))

NOW: Final = 1_796_083_200


def request(**facts: object) -> sendas.Request:
    """Return a request that is allowed, with these facts in place of its own."""
    allowed = {
        "now": NOW,
        "channel": "smtp",
        "account": b"alice",
        "envelope_sender": b"<alice@acme.example>",
        "header": b"From: alice@acme.example\r\n\r\n",
    }
    return {**allowed, **facts}  # type: ignore[typeddict-item]
