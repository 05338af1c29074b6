"""The shapes of commands and of what comes of them; `docs/administration.md` lists every member."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, TypedDict

Actor: TypeAlias = Mapping[str, Any]
"""Who gives a command, by its `kind`."""

Command: TypeAlias = Mapping[str, Any]
"""A change that is asked for, by the name at `command`."""

Event: TypeAlias = dict[str, Any]
"""A change that has been made, by the name at `event`."""

Obligation: TypeAlias = dict[str, Any]
"""What the host has to do, by the name at `obligation`; `key` is unique in the log."""


class _Record(TypedDict):
    schema: Literal[1]
    sequence: int
    at: str
    by: dict[str, str]
    id: str
    command: str
    version: int
    events: list[Event]


class Record(_Record, total=False):
    """What one command changed: a line of a log."""

    tenant: str
    """The tenant that changed; absent for the provider's own settings."""


class Warned(TypedDict):
    """Something to show to the one who gave the command."""

    warning: str
    text: str


class Changed(TypedDict):
    """Something changes."""

    outcome: Literal["changed"]
    record: Record
    warnings: list[Warned]
    obligations: list[Obligation]


class Unchanged(TypedDict):
    """The state is as the command wants it already."""

    outcome: Literal["nothing"]


class Repeated(TypedDict):
    """The command was carried out before."""

    outcome: Literal["repeated"]
    sequence: int


class Refusal(TypedDict):
    """Why a command is refused. Nothing has changed."""

    outcome: Literal["refused"]
    refusal: str
    rule: str
    """The clause of docs/administration.md that it comes from, such as `administration 2.10`."""
    message: str
    remedy: str
    client_text: str
    about: dict[str, str]


Outcome: TypeAlias = Changed | Unchanged | Repeated
"""What comes of a command that is not refused."""


class Consent(TypedDict):
    """Who may use, or asked to use, an address with its mailbox owner's word."""

    pair: dict[str, str]
    consent: Literal["pending", "given", "refused", "withdrawn"]


class Recheck(TypedDict):
    """A domain whose TXT record is to be looked up again, and where."""

    tenant: str
    domain: str
    names: dict[str, str]


class Desk(TypedDict):
    """One tenant with what is pending in it."""

    id: str
    version: int
    allowlists_entitled: bool
    allowlist_entries: int
    panel_admin_only: bool
    foreign_identities: bool
    challenges: list[dict[str, str]]
    open: list[dict[str, Any]]
    seen: list[dict[str, Any]]
    alerted: list[dict[str, str]]
    tenant: dict[str, Any]
    """As `tenant[]` in `docs/policy.md`."""
