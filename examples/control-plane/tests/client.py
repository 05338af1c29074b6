"""A mail client that submits a message to the host process."""

import smtplib

from tests.installation import PASSWORD, Installation


def submit(
    installation: Installation,
    account: str,
    *,
    envelope_sender: str,
    header_from: str | None = None,
    source: str = "127.0.0.1",
) -> str:
    """Send a message to a recipient elsewhere, and return `accepted` or the reply that refused it."""
    message = f"From: {header_from or envelope_sender}\r\nTo: you@list.example\r\nSubject: Hello\r\n\r\nHello\r\n"
    port = installation.submission_port
    with smtplib.SMTP("127.0.0.1", port, timeout=20, source_address=(source, 0)) as server:
        try:
            server.login(account, PASSWORD)
            server.sendmail(envelope_sender, ["you@list.example"], message.encode())
        except smtplib.SMTPSenderRefused as refused:
            return f"{refused.smtp_code} {refused.smtp_error.decode()}"
        except smtplib.SMTPResponseException as refused:
            text = refused.smtp_error
            return f"{refused.smtp_code} {text.decode() if isinstance(text, bytes) else text}"
    return "accepted"
