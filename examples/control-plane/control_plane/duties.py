"""What each obligation of docs/administration.md means here: a mail, or a look-up whose result is reported by a command."""

import logging
from collections.abc import Iterable

from sendas import Command, Obligation, Record

from control_plane import mail, tokens
from control_plane.look_up import observe
from control_plane.plane import Plane
from control_plane.settings import Settings

log = logging.getLogger("control_plane")


def do(plane: Plane, settings: Settings, record: Record, obligation: Obligation) -> Command | None:
    """Do one obligation, and return the command that the host gives next, if any.

    Raises `OSError` where the smarthost does not take a mail.
    """
    key, text = obligation["key"], obligation.get("text", "")
    match obligation["obligation"]:
        case "look_up_txt":
            observation = observe(settings.resolver, obligation["names"])
            return {"command": "observe_dns", **_domain(obligation), "observation": observation}
        case "check_again":
            return {"command": "check_domain", **_domain(obligation)}
        case "send_verification_mail":
            if link := _link(plane, settings, record, obligation, "verify"):
                text = f"{text}\n\n{obligation['link']}: {link}\n\nThe link works until {obligation['expires']}.\n"
                _tell(plane, settings, [obligation["admin"]], "Verify sender addresses", text, key)
        case "ask_owner":
            if link := _link(plane, settings, record, obligation, "answer"):
                text = f"{text}\n\nAnswer yes or no: {link}\n\nThe link works until {obligation['expires']}.\n"
                subject = "May your address be used to send email?"
                mail.send(settings, to=obligation["to"], subject=subject, text=text, key=key)
        case "tell_answer":
            holder = obligation["holder"]
            told = [holder["account"]] if "account" in holder else _admins(plane, holder["tenant"])
            _tell(plane, settings, told, "The owner of a mailbox has answered", text, key)
        case "tell_tenant":
            _tell(plane, settings, _admins(plane, obligation["tenant"]), "A domain is suspended", text, key)
        case "alert_account":
            _tell(plane, settings, [obligation["account"]], "You send as an address that is not yours", text, key)
        case "announce_deadline":
            _tell(plane, settings, _everyone(plane, obligation["tenant"]), "Sender addresses: a deadline", text, key)
        case unknown:
            # A newer library obliges to something that this host does not know: an operator has to see it.
            log.error("nobody does obligation %s %s", unknown, key)
    return None


def _domain(obligation: Obligation) -> Command:
    return {"tenant": obligation["tenant"], "domain": obligation["domain"]}


def _link(plane: Plane, settings: Settings, record: Record, obligation: Obligation, page: str) -> str | None:
    """Return the link of a mail, or nothing if the secret was changed after the command: then its token is lost."""
    token = tokens.mail_token(settings.secret, record["id"])
    with plane.reading() as state:
        if state.letters.get(tokens.digest(token)) == obligation:
            return f"{settings.base_url}/{page}/{token}"
    log.error("%s %s: the secret has changed; ask again", obligation["obligation"], obligation["key"])
    return None


def _tell(plane: Plane, settings: Settings, accounts: Iterable[str], subject: str, text: str, key: str) -> None:
    """Mail accounts at their own addresses."""
    for number, account in enumerate(accounts):
        with plane.reading() as state:
            address = state.accounts.get(account, {}).get("address")
        if address is None:
            log.error("%s has no own address, and is not told: %s", account, text)
        else:
            mail.send(settings, to=address, subject=subject, text=text, key=f"{key}.{number}")


def _admins(plane: Plane, tenant: str) -> list[str]:
    with plane.reading() as state:
        return [one["id"] for one in state.tenants[tenant].get("account", []) if "Admin" in one.get("roles", [])]


def _everyone(plane: Plane, tenant: str) -> list[str]:
    """Return the accounts of a tenant and of its subusers."""
    with plane.reading() as state:
        family = [tenant]
        for one in family:
            family += [id for id, other in state.tenants.items() if other.get("parent") == one]
        return [account["id"] for id in family for account in state.tenants[id].get("account", [])]
