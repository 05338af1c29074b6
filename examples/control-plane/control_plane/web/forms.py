"""The forms: one for each command that the pages offer, and the protection that all of them have."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sendas import Command
from starlette.datastructures import FormData
from starlette.requests import Request
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Form,
    HiddenField,
    IntegerField,
    PasswordField,
    StringField,
    TextAreaField,
)
from wtforms.csrf.core import CSRFTokenField
from wtforms.csrf.session import SessionCSRF
from wtforms.validators import AnyOf, InputRequired, Length, Optional, Regexp

from control_plane.settings import Settings
from control_plane.tokens import challenge

CHANNELS = ("smtp", "api", "webmail", "panel")
REQUIRED = InputRequired("This has to be filled in.")


class ProtectedForm(Form):
    """A form with a token against forged requests from other sites, bound to the session."""

    class Meta:
        csrf = True
        csrf_class = SessionCSRF
        csrf_time_limit = timedelta(hours=8)

    def __init__(self, request: Request, settings: Settings, data: FormData | None = None) -> None:
        secret = b"forms:" + settings.secret.get_secret_value().encode()
        super().__init__(data, meta={"csrf_secret": secret, "csrf_context": request.session})

    @property
    def token(self) -> str:
        """The token that forms of this session post as `csrf_token`."""
        field = self["csrf_token"]
        assert isinstance(field, CSRFTokenField)
        return str(field.current_token)

    @property
    def forged(self) -> bool:
        """Whether the last `validate` found the token missing, wrong, too old, or another session's."""
        return "csrf_token" in self.errors


class SignIn(ProtectedForm):
    account = StringField(validators=[REQUIRED, Length(max=128)])
    password = PasswordField(validators=[REQUIRED, Length(max=1024)])


@dataclass(frozen=True)
class Given:
    """What a command needs and a form does not ask for."""

    tenant: str
    account: str
    admin: str
    """Who gets the mail that offers to verify."""
    token: str
    expires: str


class CommandForm(ProtectedForm):
    """A form that gives one command, once; about the version of the tenant that its page showed, if it depends on that."""

    id = HiddenField(validators=[Regexp("^[0-9a-f]{32}$")])
    version = IntegerField(validators=[Optional()])
    password = PasswordField(validators=[Length(max=1024)])
    confirmed = BooleanField()

    def command(self, given: Given) -> Command:
        raise NotImplementedError


class Addresses(CommandForm):
    addresses = TextAreaField(validators=[REQUIRED])

    def lines(self) -> list[str]:
        return lines(self.addresses.data)


class AddSenders(Addresses):
    def command(self, given: Given) -> Command:
        any_of = {"senders": "any", "roles": "any"}
        return {"command": "add_identities", "addresses": self.lines(), **any_of, **offer(given)}


class MailAgain(Addresses):
    def command(self, given: Given) -> Command:
        return {"command": "request_verification", "addresses": self.lines(), **offer(given)}


class VerifySenders(Addresses):
    def command(self, given: Given) -> Command:
        return {"command": "verify_identities", "tenant": given.tenant, "addresses": self.lines()}


class UnverifySenders(Addresses):
    def command(self, given: Given) -> Command:
        return {"command": "unverify_identities", "tenant": given.tenant, "addresses": self.lines()}


class RemoveSenders(Addresses):
    def command(self, given: Given) -> Command:
        return {"command": "remove_identities", "holder": {"tenant": given.tenant}, "addresses": self.lines()}


class SwitchSenderAuth(CommandForm):
    mode = StringField(validators=[AnyOf(["enforce", "monitor", "off"])])
    begins = DateTimeLocalField(validators=[Optional()])

    def command(self, given: Given) -> Command:
        mode: Any = self.mode.data
        if mode == "enforce" and self.begins.data is not None:
            mode = {"mode": "enforce", "from": instant(self.begins.data.replace(tzinfo=UTC))}
        return {"command": "switch_sender_auth", "tenant": given.tenant, "mode": mode}


class OneDomain(CommandForm):
    domain = StringField(validators=[REQUIRED])

    def about(self, command: str, given: Given) -> dict[str, Any]:
        return {"command": command, "tenant": given.tenant, "domain": self.domain.data}


class AddDomain(OneDomain):
    def command(self, given: Given) -> Command:
        return self.about("add_domain", given) | {"challenge": challenge()}


class CheckDomain(OneDomain):
    def command(self, given: Given) -> Command:
        return self.about("check_domain", given)


class ListAccounts(OneDomain):
    accounts = TextAreaField()

    def command(self, given: Given) -> Command:
        return self.about("set_domain_senders", given) | {"senders": lines(self.accounts.data)}


class RemoveDomain(OneDomain):
    def command(self, given: Given) -> Command:
        return self.about("remove_domain", given) | {"confirmed": self.confirmed.data}


class OneAllowlist(CommandForm):
    channel = StringField(validators=[AnyOf(CHANNELS)])

    def about(self, command: str, given: Given) -> dict[str, Any]:
        return {"command": command, "scope": {"tenant": given.tenant}, "channel": self.channel.data}


class AddEntries(OneAllowlist):
    form = StringField(validators=[AnyOf(["ip", "cidr", "range"])])
    entries = TextAreaField(validators=[REQUIRED])
    remark = StringField(validators=[Length(max=200)])

    def command(self, given: Given) -> Command:
        entries = [{self.form.data: line, "remark": self.remark.data or ""} for line in lines(self.entries.data)]
        return self.about("add_allowlist_entries", given) | {"entries": entries}


class EditRemark(OneAllowlist):
    entry = HiddenField(validators=[REQUIRED])
    remark = StringField(validators=[Length(max=200)])

    def command(self, given: Given) -> Command:
        return self.about("edit_remark", given) | {"entry": self.entry.data, "remark": self.remark.data or ""}


class DeleteEntry(OneAllowlist):
    entry = HiddenField(validators=[REQUIRED])

    def command(self, given: Given) -> Command:
        return self.about("delete_allowlist_entry", given) | {"entry": self.entry.data}


class DisableAllowlist(OneAllowlist):
    def command(self, given: Given) -> Command:
        return self.about("disable_allowlist", given) | {"confirmed": self.confirmed.data}


class AskOwner(CommandForm):
    address = StringField(validators=[REQUIRED])

    def command(self, given: Given) -> Command:
        pair = {"account": given.account, "address": self.address.data}
        return {"command": "request_consent", "pair": pair, "token": given.token, "expires": given.expires}


class RemoveOwn(Addresses):
    def command(self, given: Given) -> Command:
        return {"command": "remove_identities", "holder": {"account": given.account}, "addresses": self.lines()}


class AnswerForOwn(CommandForm):
    kind = StringField(validators=[AnyOf(["account", "tenant"])])
    holder = HiddenField(validators=[REQUIRED])
    address = HiddenField(validators=[REQUIRED])
    answer = StringField(validators=[AnyOf(["given", "refused", "withdrawn"])])

    def command(self, given: Given) -> Command:
        pair = {self.kind.data: self.holder.data, "address": self.address.data}
        return {"command": "answer_for_own_address", "pair": pair, "answer": self.answer.data}


def lines(text: str | None) -> list[str]:
    return [line.strip() for line in (text or "").splitlines() if line.strip()]


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def offer(given: Given) -> dict[str, str]:
    return {"tenant": given.tenant, "admin": given.admin, "token": given.token, "expires": given.expires}


Kind = Literal["member", "account"]
"""As whom the visitor gives the command: for the tenant, or for itself."""

FORMS: dict[str, tuple[Kind, type[CommandForm]]] = {
    "add-senders": ("member", AddSenders),
    "mail-again": ("member", MailAgain),
    "verify-senders": ("member", VerifySenders),
    "unverify-senders": ("member", UnverifySenders),
    "remove-senders": ("member", RemoveSenders),
    "switch-sender-auth": ("member", SwitchSenderAuth),
    "add-domain": ("member", AddDomain),
    "check-domain": ("member", CheckDomain),
    "list-accounts": ("member", ListAccounts),
    "remove-domain": ("member", RemoveDomain),
    "add-entries": ("member", AddEntries),
    "edit-remark": ("member", EditRemark),
    "delete-entry": ("member", DeleteEntry),
    "disable-allowlist": ("member", DisableAllowlist),
    "ask-owner": ("account", AskOwner),
    "remove-own": ("account", RemoveOwn),
    "answer-for-own": ("account", AnswerForOwn),
}
"""What may be posted: the path below `/do/`, and the form that reads it."""
