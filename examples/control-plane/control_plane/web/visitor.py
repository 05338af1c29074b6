"""Who is at the browser: signing in and out, and the account that a request comes from."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from control_plane.passwords import password_fits, password_mark
from control_plane.web.forms import ProtectedForm, SignIn
from control_plane.web.pages import Posted, TheSite, check, log

router = APIRouter()


class NotSignedIn(Exception):
    """The page is for accounts, and the request comes from none."""


@dataclass(frozen=True)
class Visitor:
    account: str
    tenant: str
    client_ip: str

    def member(self, *, reauthenticated: bool = False) -> dict[str, Any]:
        """Return the actor that gives commands for its tenant."""
        return {
            "kind": "member",
            "account": self.account,
            "reauthenticated": reauthenticated,
            "client_ip": self.client_ip,
        }

    def itself(self) -> dict[str, Any]:
        """Return the actor that asks and answers for itself."""
        return {"kind": "account", "account": self.account}


def _visitor(request: Request, site: TheSite) -> Visitor:
    account = request.session.get("account")
    with site.plane.reading() as state:
        known = state.accounts.get(account) if account else None
    if known is None or request.client is None:
        raise NotSignedIn
    if request.session.get("password") != password_mark(site.plane.engine, known["id"]):
        # Another one was set since, or the account was removed, and perhaps another one added by its id.
        raise NotSignedIn
    return Visitor(known["id"], known["tenant"], request.client.host)


SignedIn = Annotated[Visitor, Depends(_visitor)]


@router.get("/sign-in")
def sign_in_page(request: Request, site: TheSite) -> Response:
    return site.page(request, "sign-in.html")


@router.post("/sign-in")
def sign_in(request: Request, site: TheSite, data: Posted) -> Response:
    form = SignIn(request, site.settings, data)
    account, password = form.account.data or "", form.password.data or ""
    if not check(form) or not password_fits(site.plane.engine, account, password):
        log.warning("sign-in refused: account %r from %s", account, request.client and request.client.host)
        return site.page(request, "sign-in.html", 403, problem="Account and password do not fit.")
    request.session.clear()
    request.session["account"] = account
    request.session["password"] = password_mark(site.plane.engine, account)
    return RedirectResponse("/", 303)


@router.post("/sign-out")
def sign_out(request: Request, site: TheSite, data: Posted) -> Response:
    check(ProtectedForm(request, site.settings, data))
    request.session.clear()
    return RedirectResponse("/sign-in", 303)
