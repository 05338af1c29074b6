"""The shapes of observations and of what is foreseen from them; `docs/administration.md`, sections 12 to 14, says what they mean."""

from typing import Literal, TypeAlias, TypedDict

from sendas._administration import Command, Refusal, Warned
from sendas._catalogue import Channel, CredentialKind, Reason, Subject, Table, TallyField, Tls, Turn


class Seen(TypedDict):
    """How many messages, and the first and the last of them (RFC 3339)."""

    count: int
    first: str
    last: str


class _Presented(TypedDict):
    kind: CredentialKind


class Presented(_Presented, total=False):
    """A credential as it was presented; what was not is absent."""

    id: str
    scopes: list[str]
    scopes_unknown: bool


class Fact(TypedDict, total=False):
    """One fact of a message: `field` with `address` or `said`; `client`, an IPv4 address, a /64, `unknown` or `unreadable`;
    or `role`, `credential` and `tls`, which are absent where they are not known."""

    field: TallyField
    address: str
    said: Literal["missing", "null", "several", "unknown", "unreadable"]
    client: str
    role: str
    credential: Presented
    tls: Tls


class Tally(Fact, Seen):
    """How often one fact was seen of an account on a channel."""

    account: str
    table: Table
    channel: Channel


class _Turned(TypedDict):
    turn: Turn
    account: str
    table: Table
    channel: Channel
    fact: Fact
    seen: Seen
    reasons: list[Reason]
    open: list[Subject]


# `from` is no name in a class.
_From = TypedDict("_From", {"from": str})


class _Tenant(TypedDict, total=False):
    tenant: str


class Turned(_Turned, _From, _Tenant):
    """A tally of which the verdict turns, `from` an instant on; `open` is what it does not tell."""


class Figure(TypedDict):
    """How many facts of one kind are in a tally, and how many of them turn."""

    fact: TallyField | Literal["client", "credential"]
    seen: int
    unknown: int
    denied: int
    may_be_denied: int
    permitted: int
    may_be_permitted: int


class Blind(TypedDict):
    """What observations do not tell."""

    unseen_accounts: int
    unattributed: int
    dropped: dict[Table, int]


class Preflight(TypedDict):
    """What a change would begin to deny or to permit, as far as the observations tell."""

    clear: bool
    warnings: list[Warned]
    changes: list[Turned]
    figures: list[Figure]
    blind: Blind


class Shares(TypedDict):
    """Messages by the standing of the address in one field."""

    authorised: int
    preregistered: int
    unauthorised: int
    null: int
    unreadable: int
    unknown: int


class _Accounts(TypedDict):
    accounts: int
    accounts_seen: int
    envelope_sender: Shares


# `from` is no name in a class.
_FromShares = TypedDict("_FromShares", {"from": Shares})


class CoverageOfAll(_Accounts, _FromShares):
    """What was seen of all tenants, by the envelope sender and by From."""


class CoverageOfTenant(CoverageOfAll):
    """What was seen of one tenant."""

    tenant: str
    never_seen: list[str]


class Coverage(TypedDict):
    """What was seen, against what there is."""

    total: CoverageOfAll
    tenants: list[CoverageOfTenant]
    unknown_accounts: list[str]
    unattributed: int
    dropped: dict[Table, int]


class _Choice(TypedDict):
    tenant: str
    account: str
    address: str
    fields: list[TallyField]
    seen: Seen
    reasons: list[Reason]


class Choice(_Choice, total=False):
    """An account that was seen to send as an address that it is not authorised for, and what to do about it."""

    command: Command
    """The command to give; absent where nothing is left to do."""
    refusal: Refusal
    """Why the pair is not pre-registered."""


PostfixLine: TypeAlias = Literal["taken", "other", "syntax", "date", "year", "text"]
"""What a line of a mail log came to that completes no message: `taken` and `other` are understood, the rest say what is not."""


class PostfixCounts(TypedDict):
    """What became of the lines of a mail log."""

    messages: int
    other: int
    not_understood: int
    not_submitted: int
    not_queued: int
