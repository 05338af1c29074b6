"""What the two pages of an account show: the panel of its tenant, and its own sender addresses."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sendas import Command

from control_plane.state import State
from control_plane.web.forms import CHANNELS
from control_plane.web.pages import Site, TheSite
from control_plane.web.visitor import SignedIn, Visitor

router = APIRouter()


@router.get("/")
def home(site: TheSite, visitor: SignedIn) -> Response:
    return RedirectResponse("/panel" if any(offered(site, visitor).values()) else "/own", 303)


@router.get("/panel")
def panel_page(request: Request, site: TheSite, visitor: SignedIn) -> Response:
    return panel(request, site, visitor)


@router.get("/own")
def own_page(request: Request, site: TheSite, visitor: SignedIn) -> Response:
    return own(request, site, visitor)


def panel(request: Request, site: Site, visitor: Visitor, status: int = 200, problem: str | None = None) -> Response:
    """Show the tenant as it is now, with the buttons that this visitor may press."""
    may = offered(site, visitor)
    if not any(may.values()):
        answer = site.plane.try_out(visitor.member(), PROBES["add"](visitor.tenant))
        return site.page(request, "refused.html", 403, text=answer.get("client_text"))
    with site.plane.reading() as state:
        tenant = state.tenants[visitor.tenant]
        shown = {
            "tenant": tenant,
            "version": state.versions[visitor.tenant],
            "mode": mode(tenant.get("controls", {}).get("sender", "enforce")),
            "senders": tenant.get("identity", []),
            "domains": [domain(state, visitor.tenant, one) for one in tenant.get("domain", [])],
            "allowlists": {one["channel"]: one["entries"] for one in tenant.get("allowlist", [])},
            "accounts": [one["id"] for one in tenant.get("account", [])],
        }
    said = request.session.pop("said", [])
    return site.page(
        request, "panel.html", status, **shown, may=may, channels=CHANNELS, said=said, problem=problem, back="panel"
    )


def own(request: Request, site: Site, visitor: Visitor, status: int = 200, problem: str | None = None) -> Response:
    """Show the account its own address, the addresses that it asked for, and who asked for its own."""
    with site.plane.reading() as state:
        account = state.accounts[visitor.account]
        asked = account.get("identity", [])
        others = questions(state, account)
        version = state.versions[visitor.tenant]
    said = request.session.pop("said", [])
    return site.page(
        request,
        "own.html",
        status,
        own=account,
        asked=asked,
        others=others,
        version=version,
        said=said,
        problem=problem,
        back="own",
        may=offered(site, visitor),
    )


def offered(site: Site, visitor: Visitor) -> dict[str, bool]:
    """Tell what the visitor may do. The library is asked, as it will be when the form comes."""
    answers = {name: site.plane.try_out(visitor.member(), probe(visitor.tenant)) for name, probe in PROBES.items()}
    return {name: answer.get("refusal") not in SHUT_OUT for name, answer in answers.items()}


def mode(mode: str | Mapping[str, str]) -> dict[str, str]:
    return {"mode": mode} if isinstance(mode, str) else dict(mode)


def domain(state: State, tenant: str, domain: Mapping[str, Any]) -> dict[str, Any]:
    """Return a domain with what its owner writes into the DNS, and what the last look-up means for it."""
    txt = state.txt.get((tenant, domain["name"]))
    found = state.checks.get((tenant, domain["name"]))
    return {
        **domain,
        "status": domain.get("status", "pending"),
        "senders": domain.get("senders", []),
        "txt": txt,
        "found": FOUND[found].format(domain=domain["name"], name=txt["name"] if txt else "") if found else None,
    }


def questions(state: State, account: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return who asked for the account's own address, in all tenants, and what was answered.

    Addresses are compared without case here; whether the account may answer, the library says when it does.
    """
    address = account.get("address", "").lower()
    held = [
        ({"kind": "tenant", "holder": tenant["id"]}, one)
        for tenant in state.tenants.values()
        for one in tenant.get("identity", [])
    ]
    held += [
        ({"kind": "account", "holder": other["id"]}, one)
        for other in state.accounts.values()
        for one in other.get("identity", [])
    ]
    return [{**holder, **one} for holder, one in held if one["address"].lower() == address and "consent" in one]


PROBES: dict[str, Callable[[str], Command]] = {
    "add": lambda tenant: {
        "command": "add_identities",
        "tenant": tenant,
        "addresses": [],
        "senders": "any",
        "roles": "any",
        "admin": "nobody",
        "token": "00" * 16,
        "expires": "9999-12-31T00:00:00Z",
    },
    "verify": lambda tenant: {"command": "verify_identities", "tenant": tenant, "addresses": []},
    "switch": lambda tenant: {"command": "switch_sender_auth", "tenant": tenant, "mode": "off"},
    "administer": lambda tenant: {"command": "change_settings", "tenant": tenant, "settings": {}},
}
"""A command that changes nothing for each group of buttons."""

SHUT_OUT = (
    "actor_may_not",
    "actor_suspended",
    "admin_required",
    "client_ip_missing",
    "client_ip_not_allowed",
    "permission_missing",
)
"""The refusals that are about who asks. Any other one says that the visitor may, and that the probe is empty."""

FOUND = {
    "verified": "The TXT record was found.",
    "absent": "There is no TXT record at {name} yet. A new record can take hours to be seen everywhere.",
    "wrong_value": "There is a TXT record at {name}, but none with this text. Copy the text again, whole.",
    "at_apex": "The text was found at {domain} itself. It has to stand at {name}.",
    "at_doubled_name": (
        "The text was found at {name}.{domain}: the DNS panel adds the domain by itself. Enter only the part before it."
    ),
    "lookup_failed": "The DNS servers of {domain} did not answer. Nothing has changed; try again later.",
}
"""What a look-up found (C7), in words for the one who writes the record."""
