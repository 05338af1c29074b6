"""What the log says: the directory that decides commands, the snapshot that decides mail, and what each mailed token is for."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sendas import Desk, Directory, Obligation, Record, Snapshot, obligations
from sqlalchemy import Connection, select

from control_plane.database import records


class DamagedLog(Exception):
    """The log has a record that cannot be folded; the message says which, and why."""


@dataclass
class State:
    """The log, folded. `catch_up` folds what was added since; nothing else changes it."""

    directory: Directory = field(default_factory=Directory)
    snapshot: Snapshot = field(default_factory=lambda: Snapshot.compile(Directory().policy()))
    letters: dict[str, Obligation] = field(default_factory=dict)
    """What each mailed token is for, by its digest."""
    damage: DamagedLog | None = None

    def catch_up(self, connection: Connection) -> None:
        """Fold the records that were added to the log.

        One that cannot be read or does not fit raises `DamagedLog`, from then on every time: what comes after it cannot be
        known. The snapshot stays the last good one.
        """
        if self.damage is not None:
            raise self.damage
        newer = select(records).where(records.c.sequence > self.directory.sequence).order_by(records.c.sequence)
        for row in connection.execute(newer):
            try:
                self._fold(json.loads(row.record))
            except ValueError as error:
                self.damage = DamagedLog(f"record {row.sequence} of the log: {error}")
                raise self.damage from error

    def _fold(self, record: Record) -> None:
        self.directory.apply(record)
        self.snapshot = self.snapshot.follow(self.directory, record)
        self.__dict__.pop("tenants", None)
        self.__dict__.pop("accounts", None)
        mailed = [event["token"] for event in record["events"] if event["event"] in MAILED]
        for obligation in obligations(record):
            if obligation["obligation"] in ("ask_owner", "send_verification_mail"):
                self.letters[mailed.pop(0)] = obligation

    def desk(self, tenant: str) -> Desk:
        """Return a tenant that is there, with what is pending in it."""
        desk = self.directory.desk(tenant)
        assert desk is not None
        return desk

    @cached_property
    def tenants(self) -> dict[str, dict[str, Any]]:
        """The tenants by their ids, as docs/policy.md describes them."""
        policy = json.loads(self.directory.policy().to_json())
        return {tenant["id"]: tenant for tenant in policy.get("tenant", [])}

    @cached_property
    def accounts(self) -> dict[str, dict[str, Any]]:
        """The accounts of all tenants by their ids, each with the id of its `tenant`."""
        tenants = self.tenants.items()
        return {one["id"]: {**one, "tenant": id} for id, tenant in tenants for one in tenant.get("account", [])}


MAILED = ("consent_requested", "verification_offered")
"""The events whose obligation is a mail with a token, in the order of the obligations."""
