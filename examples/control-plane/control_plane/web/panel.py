"""What the two pages of an account show: the panel of its tenant, and its own sender addresses."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sendas import Command

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
        desk = state.desk(visitor.tenant)
    tenant = desk["tenant"]
    challenges = {one["domain"]: one for one in desk["challenges"]}
    shown = {
        "tenant": tenant,
        "version": desk["version"],
        "mode": mode(tenant.get("controls", {}).get("sender", "enforce")),
        "senders": tenant.get("identity", []),
        "domains": [domain(one, challenges.get(one["name"])) for one in tenant.get("domain", [])],
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
        others = state.directory.consents(account["address"]) if "address" in account else []
        version = state.desk(visitor.tenant)["version"]
    said = request.session.pop("said", [])
    return site.page(
        request,
        "own.html",
        status,
        own=account,
        asked=account.get("identity", []),
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


def domain(domain: Mapping[str, Any], txt: Mapping[str, str] | None) -> dict[str, Any]:
    """Return a domain with what its owner writes into the DNS, and what the last look-up means for it."""
    found = txt.get("outcome") if txt else None
    return {
        **domain,
        "status": domain.get("status", "pending"),
        "senders": domain.get("senders", []),
        "txt": txt,
        "found": FOUND[found].format(domain=domain["name"], name=txt["name"]) if txt and found else None,
    }


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
