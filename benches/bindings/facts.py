"""What the plain rules need of a policy in JSON Lines, for peers to put where they like."""

import json
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from typing import Any

Row = tuple[int, str, str, str, str, str, str, list[tuple[str, str]]]
"""now, channel, account, client_ip, credential_kind, tls, envelope_sender, header: as `Snapshot.evaluate` takes them."""


@dataclass
class Account:
    """An account: what is in force of it."""

    id: str
    tenant: "Tenant"
    active: bool
    identities: set[str]


@dataclass
class Tenant:
    """A tenant: what is in force of it."""

    id: str
    allowlist: list[Any]
    refused: set[str]
    identities: set[str]
    domains: dict[str, set[str]]
    accounts: list[Account] = field(default_factory=list)


def tenants(policy: str) -> list[Tenant]:
    """Read the tenants of a policy."""
    with open(policy, "rb") as lines:
        next(lines)
        return [tenant(json.loads(line)) for line in lines]


def tenant(given: dict[str, Any]) -> Tenant:
    """Keep of a tenant what is in force."""
    verified = {entry["name"] for entry in given["domain"] if entry.get("status") == "verified"}

    def counting(identities: list[dict[str, str]]) -> set[str]:
        return {
            identity["address"].lower()
            for identity in identities
            if identity.get("consent") == "given"
            or (identity.get("status") == "verified" and identity["address"].rpartition("@")[2] in verified)
        }

    approved = not given.get("approval_required", False)
    domains = {
        entry["name"]: set(entry["senders"])
        for entry in given["domain"]
        if entry["name"] in verified and (approved or entry.get("approved", False))
    }
    networks = [ip_network(entry["cidr"]) for entry_list in given.get("allowlist", []) for entry in entry_list["entries"]]
    refused = {refused["kind"] for refused in given.get("credential", {}).get("refuse", [])}
    kept = Tenant(given["id"], networks, refused, counting(given.get("identity", [])), domains)
    for account in given["account"]:
        active = not account.get("suspended", False)
        kept.accounts.append(Account(account["id"], kept, active, counting(account.get("identity", []))))
    return kept


@dataclass
class Read:
    """What a peer looks up, in lower case."""

    envelope: str
    sender: str


def read(path: str, header: list[tuple[str, str]]) -> Read | None:
    """Read the envelope sender and the From field; None where one of them is not there once."""
    fields = [body for name, body in header if name.lower() == "from"]
    if len(fields) != 1 or not (path.startswith("<") and path.endswith(">")):
        return None
    address = parseaddr(fields[0])[1]
    return Read(path[1:-1].lower(), address.lower()) if address else None


class Sessions:
    """The rules of a session in dictionaries."""

    def __init__(self, all_tenants: list[Tenant]) -> None:
        self.accounts = {account.id: account for tenant in all_tenants for account in tenant.accounts}

    def admits(self, account_id: str, client_ip: str, kind: str) -> Account | None:
        """Return the account, if it may send from this client with this credential."""
        account = self.accounts.get(account_id)
        if account is None or not account.active or kind in account.tenant.refused:
            return None
        networks = account.tenant.allowlist
        if networks:
            client = ip_address(client_ip)
            if not any(client in network for network in networks):
                return None
        return account


def domain(address: str) -> str:
    """Return the domain of an address."""
    return address.rpartition("@")[2]
