"""The pages behind the links in mails. Who holds the token may answer, and nothing else; no sign-in is asked.

Opening a link changes nothing, since mail scanners open links too: the page has buttons. These forms need no token of a
session, since whoever knows the address that they are posted to could press the button.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from sendas import Command, Obligation

from control_plane import tokens
from control_plane.web.pages import Posted, Site, TheSite, log

router = APIRouter()

VERIFY_ALL: Command = {"command": "verify_all"}
ANSWERS = ("given", "refused", "withdrawn")


@router.get("/verify/{token}")
def verify_page(token: str, request: Request, site: TheSite) -> Response:
    letter = _letter(site, token, [VERIFY_ALL])
    return _invalid(request, site) if letter is None else site.page(request, "verify.html", letter=letter)


@router.post("/verify/{token}")
def verify(token: str, request: Request, site: TheSite) -> Response:
    if not _give(site, token, VERIFY_ALL):
        return _invalid(request, site)
    return site.page(request, "thanks.html", text="The sender addresses of this mail are verified.")


@router.get("/answer/{token}")
def answer_page(token: str, request: Request, site: TheSite) -> Response:
    letter = _letter(site, token, [_answer(said) for said in ANSWERS])
    if letter is None:
        return _invalid(request, site)
    offered = [said for said in ANSWERS if _refusal(site, token, _answer(said)) is None]
    return site.page(request, "answer.html", offered=offered, letter=letter)


@router.post("/answer/{token}")
def answer(token: str, request: Request, site: TheSite, data: Posted) -> Response:
    said = data.get("answer")
    if said not in ANSWERS:
        return site.page(request, "refused.html", 422, text="Answer yes or no.")
    letter = _letter(site, token, [_answer(said)])
    if letter is None or not _give(site, token, _answer(said)):
        return _invalid(request, site)
    return site.page(request, "thanks.html", text=THANKS[said].format(**_names(letter)))


def _letter(site: Site, token: str, commands: list[Command]) -> Obligation | None:
    """Return the mail that the token came with, if its holder may give one of these commands now."""
    refusals = [_refusal(site, token, command) for command in commands]
    if None not in refusals:
        log.warning("bearer: %s refused: %s", commands[0]["command"], refusals[0])
        return None
    with site.plane.reading() as state:
        return state.letters.get(tokens.digest(token))


def _refusal(site: Site, token: str, command: Command) -> str | None:
    """Return why the holder of the token may not give this command now; this is for the operator."""
    try:
        answer = site.plane.try_out(_bearer(token), command)
    except ValueError as error:
        return str(error)
    return answer["message"] if answer["outcome"] == "refused" else None


def _give(site: Site, token: str, command: Command) -> bool:
    try:
        answer = site.outbox.give(_bearer(token), command, id=f"bearer:{tokens.form_id()}")
    except ValueError as error:
        log.warning("bearer: %s refused: %s", command["command"], error)
        return False
    return answer["outcome"] != "refused"


def _bearer(token: str) -> dict[str, Any]:
    return {"kind": "bearer", "token": token}


def _answer(said: str) -> Command:
    return {"command": "answer_question", "answer": said}


def _names(letter: Obligation) -> dict[str, str]:
    return {"holder": next(iter(letter["holder"].values())), "address": letter["to"]}


def _invalid(request: Request, site: Site) -> Response:
    """Answer alike whatever is wrong with a token; what it is stands in the operator's log."""
    return site.page(request, "refused.html", 403, text="This link is not valid. Ask for a new one.")


THANKS = {
    "given": "{holder} may send email as {address} now.",
    "refused": "{holder} may not send email as {address}, and will not ask you again.",
    "withdrawn": "{holder} may no longer send email as {address}.",
}
