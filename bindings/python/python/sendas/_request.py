"""What a host knows about one attempt to send."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias, TypedDict

from sendas._catalogue import Channel, CredentialKind, Stage, Tls
from sendas._sendas import Unquoted

Text: TypeAlias = bytes | str
"""Octets as the host received them; a `str` stands for its UTF-8 form."""

Header: TypeAlias = Text | Sequence[tuple[Text, Text]]
"""The header section (RFC 5322 §2.1): the raw block, or every field in its order as name and raw body.

What follows the empty line that ends a block is not read, so that it may be a whole message."""

EnvelopeSender: TypeAlias = Text | Unquoted
"""The octets of MAIL FROM, angle brackets optional, or the internal form of Postfix."""


class _Required(TypedDict):
    now: int | datetime
    channel: Channel


class Request(_Required, total=False):
    """The arguments of `Snapshot.evaluate` by name, for `Snapshot.evaluate_many` and, without `stage`, for `Observations.observe`; None is the same as absent."""

    account: Text | None
    role: Text | None
    client_ip: Text | IPv4Address | IPv6Address | None
    credential_kind: CredentialKind | None
    credential_id: Text | None
    scopes: Sequence[Text] | None
    tls: Tls | None
    smtputf8: bool
    envelope_sender: EnvelopeSender | None
    header: Header | None
    stage: Stage
