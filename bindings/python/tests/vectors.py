"""Reads the conformance vectors that every language runs."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sendas

FOLDER = Path(__file__).parents[3] / "tests" / "vectors"


def load() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return every vector with the policies of its file."""
    files = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.rglob("*.json"))]
    return [(vector, file.get("policies", {})) for file in files for vector in file["vectors"]]


def snapshot(vector: dict[str, Any], policies: dict[str, Any]) -> sendas.Snapshot | None:
    policy = vector["policy"]
    if policy is None:
        return None
    return _compile(json.dumps(policies[policy] if isinstance(policy, str) else policy))


@cache
def _compile(policy: str) -> sendas.Snapshot:
    return sendas.Snapshot.compile(sendas.Policy.from_json(policy))


def request(vector: dict[str, Any]) -> sendas.Request:
    """Return the arguments of a request; a fact that is not known is absent."""
    facts: dict[str, Any] = {"stage": vector["stage"]}
    for name, value in vector["request"].items():
        match name:
            case "now":
                facts["now"] = datetime.fromisoformat(value.replace("Z", "+00:00"))
            case "account" | "role" | "client_ip":
                facts[name] = text(value)
            case "credential":
                facts["credential_kind"] = value["kind"]
                if "id" in value:
                    facts["credential_id"] = text(value["id"])
                if "scopes" in value:
                    facts["scopes"] = [text(scope) for scope in value["scopes"]]
            case "envelope":
                facts["envelope_sender"] = envelope_sender(value)
            case "header":
                facts["header"] = header(value)
            case "channel" | "tls" | "smtputf8":
                facts[name] = value
            case _:
                raise ValueError(f"unknown member {name!r} of a vector's request")
    return facts  # type: ignore[return-value]


def envelope_sender(given: dict[str, Any]) -> sendas.EnvelopeSender:
    match given:
        case {"null": True}:
            return sendas.NULL
        case {"path": path}:
            return text(path)
        case {"unquoted": unquoted}:
            return sendas.Unquoted(text(unquoted))
    raise ValueError(f"unknown envelope {given!r} of a vector")


def header(given: dict[str, Any]) -> sendas.Header:
    match given:
        case {"fields": fields}:
            return [(text(name), text(body)) for name, body in fields]
        case {"block": block}:
            return text(block)
    raise ValueError(f"unknown header {given!r} of a vector")


def text(given: Any) -> bytes | str:
    match given:
        case str():
            return given
        case {"hex": octets}:
            return bytes.fromhex(octets)
        case {"parts": parts}:
            return "".join(part if isinstance(part, str) else part["repeat"] * part["times"] for part in parts)
    raise ValueError(f"unknown text {given!r} of a vector")
