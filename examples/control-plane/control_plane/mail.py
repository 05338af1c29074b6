"""Hands mails to the smarthost."""

import smtplib
from collections.abc import Sequence
from email.message import EmailMessage

from control_plane.settings import Settings, host_and_port

SECONDS = 10.0


def send(settings: Settings, *, to: str, subject: str, text: str, key: str) -> None:
    """Send a mail of the control plane. The same `key` gives the same Message-ID, so that a mail sent twice can be told."""
    message = EmailMessage()
    message["From"] = settings.mail_from
    message["To"] = to
    message["Subject"] = subject
    message["Message-ID"] = f"<{key}@{settings.mail_from.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    with _smarthost(settings) as smarthost:
        smarthost.send_message(message)


def relay(settings: Settings, *, sender: str, recipients: Sequence[str], message: bytes) -> None:
    """Send on what a client has submitted, as it came."""
    with _smarthost(settings) as smarthost:
        smarthost.sendmail(sender, recipients, message)


def _smarthost(settings: Settings) -> smtplib.SMTP:
    host, port = host_and_port(settings.smarthost)
    return smtplib.SMTP(host, port, timeout=SECONDS)
