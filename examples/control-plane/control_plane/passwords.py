"""Passwords, kept as Argon2 hashes (RFC 9106). The panel and the submission server ask here."""

import hashlib
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import Engine, delete, insert, select

from control_plane.database import passwords

HASHER = PasswordHasher()


def set_password(engine: Engine, account: str, password: str) -> None:
    keep_hash(engine, account, HASHER.hash(password))


def keep_hash(engine: Engine, account: str, hash: str) -> None:
    """Keep a hash that was made elsewhere; it says itself how it was made."""
    with engine.begin() as connection:
        connection.execute(delete(passwords).where(passwords.c.account == account))
        connection.execute(insert(passwords).values(account=account, hash=hash))


def password_fits(engine: Engine, account: str, password: str) -> bool:
    """Tell whether this is the account's password; an account that is not there takes as long as a wrong password."""
    kept = _kept(engine, account)
    try:
        HASHER.verify(kept or _nobodys(), password)
    except VerificationError:
        return False
    return kept is not None


def password_mark(engine: Engine, account: str) -> str | None:
    """Return what is another one for every password that is set, and tells nothing of it: sessions last as long as it."""
    kept = _kept(engine, account)
    return None if kept is None else hashlib.sha256(kept.encode()).hexdigest()


def _kept(engine: Engine, account: str) -> str | None:
    with engine.connect() as connection:
        return connection.execute(select(passwords.c.hash).where(passwords.c.account == account)).scalar()


@cache
def _nobodys() -> str:
    return HASHER.hash("nobody has this password")
