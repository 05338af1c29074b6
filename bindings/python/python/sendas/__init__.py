"""Decides whether an authenticated account may send with this envelope sender and this header From.

A policy text becomes a `Policy`, a policy becomes a `Snapshot`, and a snapshot answers a request with a `Decision`, which
knows its `Reply`. Nothing here reads a clock, opens a socket or keeps state between calls.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sendas._administration import (
    Actor,
    Changed,
    Command,
    Event,
    Obligation,
    Outcome,
    Record,
    Refusal,
    Repeated,
    Unchanged,
    Warned,
)
from sendas._catalogue import (
    Action,
    Basis,
    Channel,
    Control,
    CredentialKind,
    Profile,
    Reason,
    Stage,
    Subject,
    Tls,
    Verdict,
    View,
)
from sendas._request import EnvelopeSender, Header, Request, Text
from sendas._sendas import (
    Decision,
    Directory,
    Explanation,
    Policy,
    Reply,
    RequestRecord,
    Session,
    Snapshot,
    Unquoted,
    __version__,
    obligations,
    policy_schema,
    reasons as _reasons,
)
from sendas._values import (
    Diagnostic,
    ExplainedReason,
    Finding,
    Grant,
    NearMiss,
    Place,
    PolicyError,
    Problem,
    ReasonRow,
    RecordError,
    SetError,
    Step,
)

NULL: Final = b"<>"
"""The null reverse-path, as an envelope sender."""

REASONS: Final[Mapping[Reason, ReasonRow]] = MappingProxyType({row[0]: ReasonRow(*row[1:]) for row in _reasons()})
"""Every reason, in reporting order."""

__all__ = [
    "NULL",
    "REASONS",
    "Action",
    "Actor",
    "Basis",
    "Changed",
    "Channel",
    "Command",
    "Control",
    "CredentialKind",
    "Decision",
    "Diagnostic",
    "Directory",
    "EnvelopeSender",
    "Event",
    "ExplainedReason",
    "Explanation",
    "Finding",
    "Grant",
    "Header",
    "NearMiss",
    "Obligation",
    "Outcome",
    "Place",
    "Policy",
    "PolicyError",
    "Problem",
    "Profile",
    "Reason",
    "ReasonRow",
    "Record",
    "RecordError",
    "Refusal",
    "Repeated",
    "Reply",
    "Request",
    "RequestRecord",
    "Session",
    "SetError",
    "Snapshot",
    "Stage",
    "Step",
    "Subject",
    "Text",
    "Tls",
    "Unchanged",
    "Unquoted",
    "Verdict",
    "View",
    "Warned",
    "__version__",
    "obligations",
    "policy_schema",
]
