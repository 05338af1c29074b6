"""Plain values that stand in decisions, explanations and errors."""

from typing import NamedTuple, TypedDict

from sendas._catalogue import Basis, Control, Reason, Stage, Subject, Verdict


class Place(NamedTuple):
    """Where in the request something stands."""

    subject: Subject
    """The part of the request."""
    field: int
    """The 0-based number of the header field, among the fields given or those of the block; 0 for other parts."""
    start: int
    """The first octet: from the start of the envelope sender, of the field's body, or of the block where one was given.

    Of a `str`, the octets of its UTF-8 form count."""
    end: int
    """The octet after the last; equal to `start` for parts without octets of their own."""


class Finding(NamedTuple):
    """One failing fact: why, and where."""

    reason: Reason
    """What is wrong."""
    place: Place
    """Where it stands."""


class Grant(NamedTuple):
    """An address that was found authorised, and what gave it."""

    basis: Basis
    """What gave it."""
    place: Place
    """Where the address stands."""


class ExplainedReason(NamedTuple):
    """A reason in an explanation."""

    reason: Reason
    """What is wrong."""
    place: Place
    """Where."""
    enforced: bool
    """Whether it denies, or only would."""


class Step(NamedTuple):
    """One thing that was looked at."""

    place: Place | None
    """The address in question, if one is."""
    text: str
    """What was found, as a sentence."""


class NearMiss(NamedTuple):
    """Something close to what would have been right."""

    place: Place
    """The address that failed."""
    text: str
    """What is close to it, as a sentence."""


class Problem(TypedDict):
    """Problem details for an HTTP interface (RFC 9457), of type `about:blank`."""

    status: int
    title: str
    detail: str


class SetError(TypedDict):
    """A JMAP SetError (RFC 8620 §5.3, RFC 8621 §7.5)."""

    type: str
    description: str


class ReasonRow(NamedTuple):
    """What is known of a reason."""

    control: Control | None
    """The control that can switch it off, or None when it is always enforced."""
    stage: Stage
    """The earliest stage at which it can be found."""
    verdict: Verdict
    """The verdict that it leads to when it is enforced."""
    doc: str
    """What it means, in Markdown."""


class Diagnostic(NamedTuple):
    """One problem of a policy or a record."""

    line: int | None
    """The line, 1-based; None where no text was read."""
    column: int | None
    """The column, 1-based, in characters; None where no text was read."""
    path: str
    """Where in the policy, such as `tenant[2].account[0].address`; empty for the text as a whole."""
    message: str
    """What is wrong."""
    help: str | None
    """What would be right, where that can be said."""


class _TextError(ValueError):
    diagnostics: list[Diagnostic]

    def __init__(self, message: str, diagnostics: list[Diagnostic]) -> None:
        super().__init__(message, diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return str(self.args[0])


class PolicyError(_TextError):
    """A policy cannot be used; `diagnostics` holds every problem, in the order of the text."""


class SnapshotError(Exception):
    """A sealed snapshot cannot be used: it is none, was sealed for another version, is cut short, or is damaged."""


class RecordError(_TextError):
    """A recorded request cannot be read; `diagnostics` holds every problem, in the order of the text."""
