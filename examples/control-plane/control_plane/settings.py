"""What the operator sets, read from the environment: `CONTROL_PLANE_SECRET`, `CONTROL_PLANE_DATABASE`, …"""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CONTROL_PLANE_")

    secret: SecretStr = Field(min_length=32)
    """Signs session cookies and makes the tokens of mails. At least 32 random characters; keep it out of the database."""

    database: str = "sqlite:///control-plane.db"
    """Where the log is: a URL of SQLAlchemy, `postgresql+psycopg://…` for PostgreSQL."""

    base_url: str = "http://127.0.0.1:8000"
    """How browsers reach the panel; the links in mails begin with it. Cookies are `Secure` where it is https."""

    smarthost: str = "127.0.0.1:25"
    """Takes the mails of the control plane, and what the submission server accepts."""

    mail_from: str = "no-reply@mail.example"
    """Who the mails of the control plane are from."""

    resolver: str = "127.0.0.1:53"
    """The DNS resolver that is asked for TXT records, by its IP address."""

    trusted_proxy: str | None = None
    """The address of a reverse proxy in front of the panel, whose `X-Forwarded-For` says where a browser is."""

    token_seconds: int = Field(default=3 * 24 * 3600, gt=0)
    """How long the links in mails work."""

    attempt_seconds: int = Field(default=60, gt=0)
    """After this time without a result, an obligation counts as interrupted and is done again."""

    submission: str = "127.0.0.1:5870"
    """Where the submission server listens."""

    quarantine: str = "quarantine"
    """The folder for messages that the policy says to hold."""

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")


def host_and_port(text: str) -> tuple[str, int]:
    """Read `192.0.2.1:25` or `[2001:db8::1]:25`."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
