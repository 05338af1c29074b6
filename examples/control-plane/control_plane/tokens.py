"""The secrets that the library leaves to its host: tokens for mails, challenges for domains, ids for commands."""

import hashlib
import hmac
import secrets

from pydantic import SecretStr


def mail_token(secret: SecretStr, command_id: str) -> str:
    """Return the token of a command, 64 hexadecimal digits.

    It is made from the command's id, so that a mail which a crash has prevented can still be written: the log keeps the id,
    and of the token only its digest. Without the secret nobody can make it.
    """
    return hmac.digest(secret.get_secret_value().encode(), b"mail token:" + command_id.encode(), "sha256").hex()


def digest(token: str) -> str:
    """Return what the log keeps of a token."""
    return hashlib.sha256(bytes.fromhex(token)).hexdigest()


def challenge() -> str:
    """Return what a TXT record shall say, 32 hexadecimal digits from the system's random source."""
    return secrets.token_hex(16)


def form_id() -> str:
    """Return the id of a command that a form may give once."""
    return secrets.token_hex(16)
