"""What stands around the control plane, on loopback: a smarthost that keeps what it gets, and a DNS server with a zone to edit."""

import socket
import threading
import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeVar

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

T = TypeVar("T")


def wait_for(what: str, found: Callable[[], T | None], seconds: float = 20.0) -> T:
    """Return what is found in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (result := found()) is not None:
            return result
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen in {seconds} s")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Smarthost:
    """Takes mails, unless it is told to let clients wait."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.silent = False
        self.reached = threading.Event()
        self.unknown = "nobody@mail.example"
        """An address that no mailbox has."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == self.unknown:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, _class=EmailMessage, policy=policy.default)
        self.reached.set()
        if self.silent:
            return "451 4.3.0 Try again later"
        self.mails.append((envelope.rcpt_tos, message))
        return "250 2.0.0 Ok"

    def mail_to(self, address: str) -> EmailMessage:
        """Return the latest mail to an address."""
        return wait_for(f"a mail to {address}", lambda: next((m for to, m in reversed(self.mails) if to == [address]), None))

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


class Zones:
    """Answers questions for TXT records over UDP (RFC 1035)."""

    def __init__(self) -> None:
        self.txt: dict[str, list[str]] = {}
        self.failing = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            octets, client = self._socket.recvfrom(4096)
            if not octets:
                return
            self._socket.sendto(self._answer(dns.message.from_wire(octets)).to_wire(), client)

    def _answer(self, question: Any) -> dns.message.Message:
        response = dns.message.make_response(question)
        response.flags |= dns.flags.RA
        name = question.question[0].name
        texts = self.txt.get(name.to_text(omit_final_dot=True))
        if self.failing:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif texts is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif question.question[0].rdtype == dns.rdatatype.TXT:
            quoted = [f'"{text}"' for text in texts]
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *quoted))
        return response
