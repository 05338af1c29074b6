"""Keeps count of what records oblige to: each is done at least once after its record is written, also after a crash.

What is to be done is derived from the record each time; the table only says what is done. Doing one twice is harmless: a
mail keeps its Message-ID and its token, and a command keeps its id.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from smtplib import SMTPNotSupportedError, SMTPRecipientsRefused

import sendas
from sendas import Actor, Command, Obligation, Record
from sqlalchemy import select, update

from control_plane.database import outbox, records
from control_plane.duties import do
from control_plane.plane import Answer, Plane
from control_plane.settings import Settings

log = logging.getLogger("control_plane")


@dataclass(frozen=True)
class Outbox:
    plane: Plane
    settings: Settings

    def give(self, actor: Actor, command: Command, *, id: str, expected: int | None = None) -> Answer:
        """Give a command, and do what it obliges to."""
        answer = self.plane.give(actor, command, id=id, expected=expected)
        match answer["outcome"]:
            case "changed":
                self.settle(answer["record"]["sequence"])
            case "repeated":
                self.settle(answer["sequence"])
        return answer

    def settle(self, sequence: int | None = None) -> None:
        """Do what is left to do: after one record, or after all."""
        for record, obligation in list(self._left(sequence)):
            key = obligation["key"]
            if not self._begin(key):
                continue
            try:
                if command := do(self.plane, self.settings, record, obligation):
                    self.give({"kind": "host"}, command, id=f"host:{key}")
            except Exception as error:
                # Whatever it is, it keeps nothing else from being done, and the operator is told.
                fate = "given up" if _for_good(error) else "tried again later"
                trace = not isinstance(error, OSError)
                log.error("%s %s is %s: %s", obligation["obligation"], key, fate, error, exc_info=trace)
                if not _for_good(error):
                    continue
            self._end(key)

    def check_again(self) -> None:
        """Look for the TXT records whose last proof is too old.

        The id has this be done once in an hour, whichever process does it, also where the DNS servers do not answer.
        """
        now = self.plane.clock()
        with self.plane.reading() as state:
            due = state.directory.rechecks_due(now=now)
        for one in due:
            command = {"command": "check_domain", "tenant": one["tenant"], "domain": one["domain"]}
            self.give({"kind": "host"}, command, id=f"host:{now // RECHECK_SECONDS}:{one['tenant']}:{one['domain']}")

    def _left(self, sequence: int | None) -> Iterator[tuple[Record, Obligation]]:
        query = select(records.c.record, outbox.c.key).join_from(outbox, records).where(outbox.c.done_at.is_(None))
        if sequence is not None:
            query = query.where(outbox.c.sequence == sequence)
        with self.plane.engine.connect() as connection:
            rows = connection.execute(query.order_by(outbox.c.sequence, outbox.c.key)).all()
        for text, key in rows:
            record: Record = json.loads(text)
            yield from ((record, one) for one in sendas.obligations(record) if one["key"] == key)

    def _begin(self, key: str) -> bool:
        """Take an obligation for the time of an attempt, unless another thread or process has it."""
        now = self.plane.clock()
        free = update(outbox).where(outbox.c.key == key, outbox.c.done_at.is_(None), outbox.c.attempt_until <= now)
        with self.plane.engine.begin() as connection:
            return connection.execute(free.values(attempt_until=now + self.settings.attempt_seconds)).rowcount == 1

    def _end(self, key: str) -> None:
        with self.plane.engine.begin() as connection:
            connection.execute(update(outbox).where(outbox.c.key == key).values(done_at=self.plane.clock()))


RECHECK_SECONDS = 3600


def _for_good(error: Exception) -> bool:
    """Tell whether the smarthost will never take this mail: there is no such mailbox, say (RFC 5321 §4.2.1)."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(code >= 500 for code, _ in error.recipients.values())
    # The address is not ASCII, and the smarthost cannot SMTPUTF8.
    return isinstance(error, SMTPNotSupportedError)
