"""Looks TXT records up, and says what was found in the words of the library; what it means, the library decides."""

from collections.abc import Mapping
from typing import Any

import dns.exception
import dns.name
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from control_plane.settings import host_and_port

SECONDS = 5.0


def observe(resolver: str, names: Mapping[str, str]) -> dict[str, Any]:
    """Look up each of the `expected`, `apex` and `doubled` names."""
    asked = dns.resolver.Resolver(configure=False)
    address, asked.port = host_and_port(resolver)
    asked.nameservers = [address]
    asked.lifetime = SECONDS
    return {name: _txt(asked, at) for name, at in names.items()}


def _txt(resolver: dns.resolver.Resolver, name: str) -> dict[str, Any]:
    try:
        answer = resolver.resolve(f"{name}.", "TXT")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.name.NameTooLong):
        # At a name that is too long for the DNS, as the doubled one of a long domain is, nothing can stand.
        return {"result": "absent"}
    except dns.exception.DNSException:
        return {"result": "failed"}
    records = [[string.decode("latin-1") for string in record.strings] for record in answer if isinstance(record, TXT)]
    return {"result": "found", "records": records}
