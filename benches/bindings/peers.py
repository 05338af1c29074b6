"""The plain workload in Python: sendas beside what else could decide it, on the same data in the same run."""

import json
import sys
from collections.abc import Callable
from itertools import islice
from time import perf_counter_ns
from typing import Any

import casbin
import cedarpy
from casbin.model import Model

from facts import Row, Sessions, Tenant, domain, read, tenants
from overhead import row
from sendas import Policy, RequestRecord, Snapshot

Allows = Callable[[Row], bool]

SECONDS = 3.0

# The calls until it is the next engine's turn.
RUN = 50


def of_sendas(policy: str) -> Allows:
    """The library."""
    evaluate = Snapshot.compile(Policy.from_path(policy)).evaluate

    def allows(row: Row) -> bool:
        now, channel, account, client_ip, kind, tls, sender, header = row
        return evaluate(
            now=now, channel=channel, account=account, client_ip=client_ip, credential_kind=kind, tls=tls,
            envelope_sender=sender, header=header,
        ).allowed  # type: ignore[arg-type]  # fmt: skip

    return allows


def of_dictionaries(all_tenants: list[Tenant]) -> Allows:
    """Dictionaries, and `email.utils.parseaddr` for the From field."""
    sessions = Sessions(all_tenants)

    def allows(row: Row) -> bool:
        _, _, account_id, client_ip, kind, _, path, header = row
        account = sessions.admits(account_id, client_ip, kind)
        found = read(path, header)
        if account is None or found is None:
            return False
        tenant = account.tenant
        return all(
            address in account.identities or address in tenant.identities or account_id in tenant.domains.get(domain(address), ())
            for address in (found.envelope, found.sender)
        )

    return allows


def of_casbin(all_tenants: list[Tenant]) -> Allows:
    """pycasbin with role links: an account inherits its tenant, and both their addresses; dictionaries decide the session."""
    model = Model()
    model.load_model_from_text(CASBIN)
    enforcer = casbin.Enforcer(model)
    enforcer.add_policy("any", "any", "any")
    roles = enforcer.get_role_manager()
    for tenant in all_tenants:
        for address in tenant.identities:
            roles.add_link(tenant.id, address)
        for account in tenant.accounts:
            roles.add_link(account.id, tenant.id)
            for address in account.identities:
                roles.add_link(account.id, address)
        for name, senders in tenant.domains.items():
            for sender in senders:
                roles.add_link(sender, name)
    sessions = Sessions(all_tenants)

    def allows(row: Row) -> bool:
        _, _, account_id, client_ip, kind, _, path, header = row
        found = read(path, header)
        if found is None or sessions.admits(account_id, client_ip, kind) is None:
            return False
        return all(enforcer.enforce(account_id, address, domain(address)) for address in (found.envelope, found.sender))

    return allows


def of_cedar(all_tenants: list[Tenant]) -> Allows:
    """cedarpy with policies and entities read beforehand, asked about addresses; dictionaries decide the session."""

    def uid(kind: str, name: str) -> dict[str, str]:
        return {"type": kind, "id": name}

    holders: dict[str, list[dict[str, str]]] = {}
    entities: list[dict[str, Any]] = []
    for tenant in all_tenants:
        entities.append({"uid": uid("Tenant", tenant.id), "attrs": {}, "parents": []})
        for address in tenant.identities:
            holders.setdefault(address, []).append(uid("Tenant", tenant.id))
        for account in tenant.accounts:
            parents = [uid("Domain", name) for name, senders in tenant.domains.items() if account.id in senders]
            attrs = {"tenant": {"__entity": uid("Tenant", tenant.id)}}
            entities.append({"uid": uid("Account", account.id), "attrs": attrs, "parents": parents})
            for address in account.identities:
                holders.setdefault(address, []).append(uid("Account", account.id))
    for address, parents in holders.items():
        entities.append({"uid": uid("Address", address), "attrs": {}, "parents": parents})
    parsed, policies = cedarpy.Entities.from_json_str(json.dumps(entities)), cedarpy.PolicySet.from_str(CEDAR)
    sessions = Sessions(all_tenants)

    def allows(row: Row) -> bool:
        _, _, account_id, client_ip, kind, _, path, header = row
        found = read(path, header)
        if found is None or sessions.admits(account_id, client_ip, kind) is None:
            return False
        request = {
            "principal": uid("Account", account_id),
            "action": uid("Action", "send"),
            "resource": uid("Address", found.envelope),
            "context": {
                "domain": {"__entity": uid("Domain", domain(found.envelope))},
                "from": {"__entity": uid("Address", found.sender)},
                "from_domain": {"__entity": uid("Domain", domain(found.sender))},
            },
        }
        return bool(cedarpy.is_authorized(request, policies, parsed).allowed)

    return allows


CASBIN = """
[request_definition]
r = account, address, domain
[policy_definition]
p = account, address, domain
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.account, r.address) || g(r.account, r.domain)
"""

CEDAR = """
permit (principal, action == Action::"send", resource) when {
    (resource in principal || principal in context.domain || resource in principal.tenant) &&
    (context.from in principal || principal in context.from_domain || context.from in principal.tenant)
};
"""


def single(allows: Allows, given: Row) -> int:
    """Nanoseconds that one call takes."""
    started = perf_counter_ns()
    allows(given)
    return perf_counter_ns() - started


def hold(engines: dict[str, Allows], rows: list[Row]) -> None:
    """Fail unless all engines decide all requests alike, those of both verdicts."""
    expected = [engines["sendas"](given) for given in rows]
    assert 0.6 < sum(expected) / len(expected) < 0.8
    for name, allows in engines.items():
        for given, right in zip(rows, expected):
            assert allows(given) is right, f"{name} decides otherwise than sendas: {given}"


def main(policy: str, requests: str) -> None:
    """Measure the engines in turn, until each has had its time."""
    with open(requests, "rb") as lines:
        rows = [row(RequestRecord.from_json(line).request()) for line in lines]
    all_tenants = tenants(policy)
    engines = {
        "sendas": of_sendas(policy),
        "dict + email.utils": of_dictionaries(all_tenants),
        "cedarpy": of_cedar(all_tenants),
        "pycasbin": of_casbin(all_tenants),
    }
    hold(engines, rows)
    clock = sorted(single(lambda _: True, rows[0]) for _ in range(10_000))[5_000]
    taken: dict[str, list[int]] = {name: [] for name in engines}
    spent = dict.fromkeys(engines, 0)
    for start in range(0, len(rows), RUN):
        for name, allows in engines.items():
            if spent[name] < SECONDS * 1e9:
                samples = [single(allows, given) for given in islice(rows, start, start + RUN)]
                taken[name] += samples
                spent[name] += sum(samples)
    for name, samples in taken.items():
        samples.sort()
        median, late = samples[len(samples) // 2] - clock, samples[len(samples) * 99 // 100] - clock
        print(json.dumps({"language": "python", "engine": name, "ns": median, "p99_ns": late}))


if __name__ == "__main__":
    main(*sys.argv[1:])
