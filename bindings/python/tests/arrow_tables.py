"""Requests as Arrow's columns, and decisions read back from them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa

import sendas

TEXT = pa.binary()
FIELDS = pa.list_(pa.struct([("name", TEXT), ("body", TEXT)]))
TYPES = {
    "now": pa.int64(),
    "channel": pa.string(),
    "account": TEXT,
    "role": TEXT,
    "client_ip": TEXT,
    "credential_kind": pa.string(),
    "credential_id": TEXT,
    "scopes": pa.list_(TEXT),
    "tls": pa.string(),
    "smtputf8": pa.bool_(),
    "envelope_sender": pa.struct([("path", TEXT), ("unquoted", TEXT)]),
    "stage": pa.string(),
}


def batch(requests: Sequence[sendas.Request]) -> Any:
    """Return requests as a batch; all of them have their headers as blocks, or all as fields, or none."""
    headers: list[Any] = [request.get("header") for request in requests]
    blocks = all(header is None or isinstance(header, (bytes, str)) for header in headers)
    columns = {name: [value(name, request.get(name)) for request in requests] for name in TYPES}
    arrays = [pa.array(columns[name], type=given) for name, given in TYPES.items()]
    if blocks:
        header = pa.array([octets(header) for header in headers], type=TEXT)
    else:
        header = pa.array([header and [pair(field) for field in header] for header in headers], type=FIELDS)
    return pa.RecordBatch.from_arrays([*arrays, header], names=[*TYPES, "header"])


def value(name: str, given: Any) -> Any:
    match name, given:
        case _, None:
            return None
        case "now", datetime():
            return int(given.timestamp() // 1)
        case "envelope_sender", sendas.Unquoted():
            return {"unquoted": octets(given.sender)}
        case "envelope_sender", _:
            return {"path": octets(given)}
        case "scopes", _:
            return [octets(scope) for scope in given]
        case "account" | "role" | "client_ip" | "credential_id", _:
            return octets(given if isinstance(given, (bytes, str)) else str(given))
    return given


def pair(field: tuple[bytes | str, bytes | str]) -> dict[str, bytes | None]:
    return {"name": octets(field[0]), "body": octets(field[1])}


def octets(text: Any) -> bytes | None:
    return text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text


def row(decision: sendas.Decision) -> dict[str, Any]:
    """Return what the columns say of a decision."""
    first = decision.reasons[0] if decision.reasons else None
    return {
        "verdict": decision.verdict,
        "action": decision.action,
        "stage": decision.stage,
        "provisional": decision.provisional,
        "reason": first and first.reason,
        "subject": first and first.place.subject,
        "octets": first and decision.octets(first.place),
        "reasons": [{"reason": finding.reason, **place(decision, finding.place)} for finding in decision.reasons],
        "would_deny": [{"reason": finding.reason, **place(decision, finding.place)} for finding in decision.would_deny],
        "omitted": decision.omitted,
        "grants": [{"basis": grant.basis, **place(decision, grant.place)} for grant in decision.grants],
        "omitted_grants": decision.omitted_grants,
    }


def place(decision: sendas.Decision, given: sendas.Place) -> dict[str, Any]:
    return {**given._asdict(), "octets": decision.octets(given)}
