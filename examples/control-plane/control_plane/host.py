"""A submission server (RFC 6409) in a process of its own: it follows the log, and lets the library decide each send."""

import asyncio
import logging
import secrets
from pathlib import Path

import sendas
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sendas import Decision, Snapshot
from sqlalchemy.exc import SQLAlchemyError

from control_plane import mail
from control_plane.clock import Clock
from control_plane.database import connect
from control_plane.passwords import password_fits
from control_plane.plane import Plane
from control_plane.settings import Settings, host_and_port
from control_plane.state import DamagedLog

log = logging.getLogger("control_plane.host")


class Host:
    """The three questions: after AUTH, at MAIL FROM, and at the end of data."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.plane = Plane(connect(settings.database), clock)
        with self.plane.reading() as state:
            self._snapshot = state.snapshot

    def snapshot(self) -> Snapshot:
        """Follow the log to its end. If it cannot be read, what was last good stays in force, and the operator is told."""
        try:
            with self.plane.reading() as state:
                self._snapshot = state.snapshot
        except (DamagedLog, SQLAlchemyError) as error:
            log.critical("deciding by snapshot %s still: %s", self._snapshot.id, error)
        return self._snapshot

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        """The first question, once the password fits: may this account send, from there, with such a credential?"""
        assert isinstance(data, LoginPassword)
        account = data.login.decode("utf-8", "replace")
        if not password_fits(self.plane.engine, account, data.password.decode("utf-8", "replace")):
            return AuthResult(success=False, handled=False, message="535 5.7.8 Authentication failed")
        opened = self.snapshot().session(
            now=self.clock(),
            channel="smtp",
            account=account,
            client_ip=session.peer[0] if session.peer else None,
            credential_kind="password",
            tls="implicit" if session.ssl else "plain",
        )
        if not opened.decision.allowed:
            return AuthResult(success=False, handled=False, message=_reply(account, opened.decision))
        return AuthResult(success=True, auth_data=(account, opened))

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The second question, with the policy as it is at this moment: may it use this envelope sender?"""
        account, opened = _known(session)
        # aiosmtpd has read the path, and this is what goes on to the smarthost: so it is this that is decided.
        decision = opened.mail_from(self.snapshot(), address, now=self.clock())
        if decision.action not in ("reject", "tempfail"):
            envelope.mail_from = address
        return _reply(account, decision)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The third question: may it use what the header says? The message goes on as it came."""
        account, opened = _known(session)
        message = envelope.original_content
        assert isinstance(message, bytes) and envelope.mail_from is not None
        decision = opened.message(message)
        try:
            match decision.action:
                case "accept":
                    sender = "" if envelope.mail_from == "<>" else envelope.mail_from
                    await asyncio.to_thread(
                        mail.relay, self.settings, sender=sender, recipients=envelope.rcpt_tos, message=message
                    )
                case "hold":
                    await asyncio.to_thread(self._hold, message)
        except OSError as error:
            log.error("%s: not passed on: %s", account, error)
            return "451 4.3.0 The message cannot be passed on now"
        return _reply(account, decision)

    def _hold(self, message: bytes) -> None:
        folder = Path(self.settings.quarantine)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{secrets.token_hex(8)}.eml").write_bytes(message)


def _known(session: Session) -> tuple[str, sendas.Session]:
    """Return what `authenticate` has found out; aiosmtpd asks for AUTH before MAIL."""
    known: tuple[str, sendas.Session] = session.auth_data  # type: ignore[assignment]
    return known


def _reply(account: str, decision: Decision) -> str:
    reasons = ", ".join(f"{finding.reason}" for finding in decision.reasons) or "allowed"
    log.info("%s: %s at %s: %s", account, decision.action, decision.stage, reasons)
    return str(decision.reply())


def run(settings: Settings, clock: Clock) -> None:
    host = Host(settings, clock)
    address, port = host_and_port(settings.submission)
    controller = Controller(
        host,
        hostname=address,
        port=port,
        authenticator=host.authenticate,
        enable_SMTPUTF8=False,
        auth_required=True,
        # On loopback only, and without a certificate; a real server offers STARTTLS and requires it here.
        auth_require_tls=False,
        ident="sendas control plane example",
    )
    controller.start()
    log.info("listening at %s, following the log", settings.submission)
    try:
        asyncio.run(asyncio.Event().wait())
    finally:
        controller.stop()
