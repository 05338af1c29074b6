"""No reader of the standard library sees in an allowed From field a mailbox that its sender does not own."""

import json
import os
from collections.abc import Callable
from email import message_from_string, policy
from email.utils import getaddresses
from pathlib import Path
from typing import Any

import pytest

import sendas

REPOSITORY = Path(__file__).parents[3]

GIVEN = json.loads((REPOSITORY / "tests" / "differential" / "fields.json").read_text("utf-8"))

OWN: str = GIVEN["own"]

SENDER = f"Sender: {OWN}\r\n".encode()


def headerregistry(block: str) -> list[str]:
    fields: list[Any] = message_from_string(block, policy=policy.default).get_all("From", [])
    return [address.addr_spec for field in fields for address in field.addresses]


def plain(block: str) -> list[str]:
    fields: list[str] = message_from_string(block).get_all("From", [])
    return [address for _, address in getaddresses(fields) if address]


READERS = pytest.mark.parametrize("read", [headerregistry, plain])


@READERS
def test_no_other_mailbox_is_read_in_an_allowed_field(read: Callable[[str], list[str]]) -> None:
    snapshot = of_account({OWN})
    count = 0
    for field in GIVEN["fields"]:
        block = SENDER + f"From:{field['body']}\r\n".encode()
        assert decide(snapshot, block).allowed == field["allowed"], block
        if field["allowed"]:
            check(read, block, {OWN})
            count += 1
    assert count > len(GIVEN["fields"]) / 20


@READERS
def test_no_other_mailbox_is_read_in_what_the_fuzzer_saved(read: Callable[[str], list[str]]) -> None:
    assert check_all(read, saved()) >= 20


@READERS
def test_no_other_mailbox_is_read_in_what_other_projects_test(read: Callable[[str], list[str]]) -> None:
    path = os.environ.get("SENDAS_OUTSIDE_FIELDS")
    if path is None:
        pytest.skip("SENDAS_OUTSIDE_FIELDS names no file; `cargo xtask corpora FOLDER --fields FILE` writes one")
    texts: list[str] = json.loads(Path(path).read_text("utf-8"))
    assert check_all(read, [text.encode("latin-1") for text in texts]) > len(texts) / 4


def saved() -> list[bytes]:
    """Return the inputs of the fuzz targets that read a header or a From field, as headers."""
    blocks = []
    for target in ["names", "read_block", "read_field"]:
        for path in sorted((REPOSITORY / "fuzz").glob(f"*/{target}/*")):
            octets = path.read_bytes()
            blocks.append(octets if target == "read_block" else b"From:" + octets + b"\r\n")
    return blocks


def check_all(read: Callable[[str], list[str]], blocks: list[bytes]) -> int:
    """Check every header that some account may send, and return how many there are."""
    count = 0
    for block in blocks:
        # Several mailboxes need a Sender field; one that stands there already is left alone.
        with_sender = block if b"\nsender" in b"\n" + block.lower() else SENDER + block
        own = needed(with_sender)
        if own is not None:
            check(read, with_sender, own)
            count += 1
    return count


def check(read: Callable[[str], list[str]], block: bytes, own: set[str]) -> None:
    found = read(block.decode("utf-8", "surrogateescape"))
    assert found, block
    assert not [address for address in found if names_somebody(address) and value(address) not in map(value, own)], block


def needed(block: bytes) -> set[str] | None:
    """Return the addresses that an account must own to send this, as they are spelled; None if none suffice."""
    own = {OWN}
    while True:
        decision = decide(of_account(own), block)
        if decision.allowed:
            return own
        lacking = [decision.octets(place) for reason, place in decision.reasons if reason == "address_not_owned"]
        more = {octets.decode() for octets in lacking if octets is not None} - own
        if not more:
            return None
        own |= more


def of_account(own: set[str]) -> sendas.Snapshot:
    given = json.loads(json.dumps(GIVEN["policy"]))
    given["tenant"][0]["account"][0]["identity"] = [{"address": address, "consent": "given"} for address in sorted(own)]
    return sendas.Snapshot.compile(sendas.Policy.from_json(json.dumps(given)))


def decide(snapshot: sendas.Snapshot, block: bytes) -> sendas.Decision:
    return snapshot.evaluate(
        now=1_790_000_000,
        channel="smtp",
        account="mallory",
        smtputf8=True,
        envelope_sender=f"<{OWN}>",
        header=block,
    )


def names_somebody(address: str) -> bool:
    """Text without a local part or a domain, or with an angle bracket, names nobody (docs/rfc.md)."""
    local, _, domain = address.rpartition("@")
    return bool(local and domain) and "<" not in address


def value(address: str) -> str:
    """Return an address as it compares, however it is quoted."""
    return address.replace('"', "").replace("\\", "").lower()
