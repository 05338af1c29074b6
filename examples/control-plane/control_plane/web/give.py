"""Gives the command of a form that was posted, and shows what came of it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from control_plane import tokens
from control_plane.passwords import password_fits
from control_plane.web import panel
from control_plane.web.forms import FORMS, CommandForm, Given, instant
from control_plane.web.pages import Posted, Site, TheSite, check, log
from control_plane.web.visitor import SignedIn, Visitor

router = APIRouter()


@router.post("/do/{verb}")
def do(verb: str, request: Request, site: TheSite, visitor: SignedIn, data: Posted) -> Response:
    if verb not in FORMS:
        raise HTTPException(404)
    kind, form_class = FORMS[verb]
    show, back = (panel.panel, "/panel") if kind == "member" else (panel.own, "/own")
    form = form_class(request, site.settings, data)
    if not check(form):
        return show(request, site, visitor, 422, incomplete(form))

    reauthenticated = False
    if form.password.data:
        reauthenticated = password_fits(site.plane.engine, visitor.account, form.password.data)
        if not reauthenticated:
            log.warning("member %s: step-up for %s refused: wrong password", visitor.account, verb)
            return _ask_again(request, site, verb, data, "step_up_required", 403, "The password is wrong.")
    actor = visitor.member(reauthenticated=reauthenticated) if kind == "member" else visitor.itself()
    # Ids are the visitor's own, so that nobody takes one that somebody else, or the host, is about to use.
    id = f"{kind}:{visitor.account}:{form.id.data}"
    command = form.command(_given(site, visitor, id))
    try:
        answer = site.outbox.give(actor, command, id=id, expected=form.version.data)
    except ValueError as error:
        return show(request, site, visitor, 422, readable(str(error), command))
    match answer["outcome"]:
        case "refused" if answer["refusal"] in ASKED_AGAIN:
            return _ask_again(request, site, verb, data, answer["refusal"], 200)
        case "refused":
            return show(request, site, visitor, STATUS.get(answer["refusal"], 422), answer["client_text"])
        case "changed":
            request.session["said"] = [warning["text"] for warning in answer["warnings"]]
        case "nothing":
            request.session["said"] = ["Everything is so already."]
    return RedirectResponse(back, 303)


def _ask_again(
    request: Request, site: Site, verb: str, data: Mapping[str, Any], why: str, status: int, problem: str | None = None
) -> Response:
    """Show a page that posts the same form, with what was missing: the password, or a yes."""
    kept = {name: value for name, value in data.items() if name not in ("csrf_token", "password")}
    return site.page(request, "ask-again.html", status, verb=verb, kept=kept, why=why, problem=problem)


def _given(site: Site, visitor: Visitor, id: str) -> Given:
    expires = datetime.fromtimestamp(site.plane.clock() + site.settings.token_seconds, UTC)
    with site.plane.reading() as state:
        accounts = state.tenants[visitor.tenant].get("account", [])
    admins = [one["id"] for one in accounts if "Admin" in one.get("roles", [])]
    # The one who adds gets the mail where it may verify; else the first Admin does.
    admin = visitor.account if visitor.account in admins or not admins else admins[0]
    token = tokens.mail_token(site.settings.secret, id)
    return Given(visitor.tenant, visitor.account, admin, token, instant(expires))


def incomplete(form: CommandForm) -> str:
    return "\n".join(f"{field.name}: {' '.join(map(str, field.errors))}" for field in form if field.errors)


def readable(problems: str, command: Mapping[str, Any]) -> str:
    """Say what the library could not read in the words that the visitor typed, in place of where they stand in the command."""

    def typed(found: re.Match[str]) -> str:
        try:
            value = command[found["name"]]
            value = value[int(found["place"])] if found["place"] else value
            value = value[found["key"]] if found["key"] else value
        except (IndexError, KeyError, TypeError):
            return found[0]
        return f"“{value}”: "

    place = re.compile(r"^\d+:\d+: (?P<name>\w+)(\[(?P<place>\d+)\])?(\.(?P<key>\w+))?: ", re.MULTILINE)
    return place.sub(typed, problems)


ASKED_AGAIN = ("step_up_required", "confirmation_required")
"""The refusals that the visitor can answer at once."""

STATUS = {
    "actor_may_not": 403,
    "actor_suspended": 403,
    "admin_required": 403,
    "client_ip_not_allowed": 403,
    "permission_missing": 403,
    "version_conflict": 409,
}
"""The HTTP status of a refusal; any other one is 422."""
