"""One command at a time: decide, append the record, and only then count it as done."""

import json
import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import RLock
from typing import Any, TypeAlias

import sendas
from sendas import Actor, Command, Outcome, Refusal
from sqlalchemy import Engine, delete, insert
from sqlalchemy.exc import IntegrityError

from control_plane.clock import Clock
from control_plane.database import outbox, passwords, records
from control_plane.state import State

Answer: TypeAlias = Outcome | Refusal

log = logging.getLogger("control_plane")


class Plane:
    """The log in the database, and the state that is folded from it."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self._lock = RLock()
        self._state = State()

    @contextmanager
    def reading(self) -> Iterator[State]:
        """Lend the state as it is now, and hold it still meanwhile. Pages read it, and never change it."""
        with self._lock:
            with self.engine.connect() as connection:
                self._state.catch_up(connection)
            yield self._state

    def try_out(self, actor: Actor, command: Command) -> Answer:
        """Decide a command without giving it. This is how pages learn what to offer, so that no second table says it."""
        with self.reading() as state:
            return state.directory.decide(actor, command, id=f"page:{secrets.token_hex(16)}", now=self.clock())

    def give(self, actor: Actor, command: Command, *, id: str, expected: int | None = None) -> Answer:
        """Decide a command and write its record: in one transaction, or not at all. The same `id` again changes nothing."""
        while True:
            with self.reading() as state:
                answer = state.directory.decide(actor, command, id=id, now=self.clock(), expected=expected)
                if answer["outcome"] == "changed":
                    try:
                        self.append(answer["record"], _removed(state, answer["record"]))
                    except IntegrityError:
                        log.info("another process wrote record %d first; deciding again", answer["record"]["sequence"])
                        continue
            _report(actor, command, answer)
            return answer

    def append(self, record: sendas.Record, removed: Iterable[str] = ()) -> None:
        """Write a record and what it obliges to, and forget the passwords of the accounts that it removes, in one transaction."""
        sequence = record["sequence"]
        with self.engine.begin() as connection:
            connection.execute(insert(records).values(sequence=sequence, record=json.dumps(record)))
            for obligation in sendas.obligations(record):
                if obligation["obligation"] not in SHOWN:
                    connection.execute(insert(outbox).values(key=obligation["key"], sequence=sequence))
            connection.execute(delete(passwords).where(passwords.c.account.in_(removed)))

    def take_over(self, policy: sendas.Policy, *, name: str) -> int:
        """Write a policy into the empty log, and return how many records that took."""
        with self.reading() as state:
            imported = state.directory.import_policy(policy, name=name, now=self.clock())
            for record in imported:
                self.append(record)
        return len(imported)


def _removed(state: State, record: sendas.Record) -> list[str]:
    """Return the accounts that a record removes. Their ids may be added again, in another tenant, for other people."""
    if any(event["event"] == "tenant_removed" for event in record["events"]):
        return [id for id, one in state.accounts.items() if one["tenant"] == record["tenant"]]
    return [event["account"] for event in record["events"] if event["event"] == "account_removed"]


def _report(actor: Mapping[str, Any], command: Mapping[str, Any], answer: Answer) -> None:
    """Tell the operator what came of a command: about a token the exact cause, and never the token itself."""
    named = actor.get("account") or actor.get("name")
    who = f"{actor['kind']} {named!r}" if named else actor["kind"]
    match answer["outcome"]:
        case "refused":
            log.warning("%s: %s refused: %s: %s", who, command["command"], answer["refusal"], answer["message"])
        case "changed":
            log.info("%s: %s is record %d", who, command["command"], answer["record"]["sequence"])
        case outcome:
            log.info("%s: %s: %s", who, command["command"], outcome)


SHOWN = ("show_txt",)
"""The obligations that the panel fulfils by showing what stands in the log."""
