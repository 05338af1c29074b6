"""An installation of its own for a test: a database, a smarthost, a DNS server, and the processes that the README starts."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from argon2 import PasswordHasher
from sendas import Policy

from control_plane.clock import system_clock
from control_plane.database import connect
from control_plane.passwords import keep_hash
from control_plane.plane import Plane
from control_plane.settings import Settings
from tests.browser import Browser
from tests.servers import Smarthost, Zones, free_port, wait_for

EXAMPLE = Path(__file__).parent.parent
SECRET = "only for tests, and longer than 32"
PASSWORD = "correct horse"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Made with less work than a real one, so that the tests are quick."""

ACCOUNTS = ("ada", "tom", "mia", "sam", "erika")


@dataclass
class Installation:
    folder: Path
    database: str
    smarthost: Smarthost
    zones: Zones
    panel_port: int = field(default_factory=free_port)
    submission_port: int = field(default_factory=free_port)
    attempt_seconds: int = 60

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.panel_port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CONTROL_PLANE_SECRET": SECRET,
            "CONTROL_PLANE_DATABASE": self.database,
            "CONTROL_PLANE_BASE_URL": self.url,
            "CONTROL_PLANE_SMARTHOST": f"127.0.0.1:{self.smarthost.port}",
            "CONTROL_PLANE_RESOLVER": f"127.0.0.1:{self.zones.port}",
            "CONTROL_PLANE_SUBMISSION": f"127.0.0.1:{self.submission_port}",
            "CONTROL_PLANE_QUARANTINE": str(self.folder / "quarantine"),
            "CONTROL_PLANE_ATTEMPT_SECONDS": str(self.attempt_seconds),
        }

    @property
    def settings(self) -> Settings:
        """Return the same settings, for the tests that run the panel in their own process."""
        environment = self.environment.items()
        return Settings.model_validate({name.removeprefix("CONTROL_PLANE_").lower(): value for name, value in environment})

    def run(self, *arguments: str, given: str = "", fails: bool = False) -> str:
        """Run one task to its end, and return what it prints, or what it says where it is to fail."""
        done = subprocess.run(
            self._command(*arguments), input=given, text=True, capture_output=True, cwd=EXAMPLE, env=self._variables()
        )
        assert done.returncode == (1 if fails else 0), done.stderr
        return done.stderr if fails else done.stdout

    def set_up(self) -> None:
        """Do what the README's first commands do, without a process for each."""
        engine = connect(self.database)
        plane = Plane(engine, system_clock)
        plane.take_over(Policy.from_path(EXAMPLE / "policy.toml"), name="tests")
        entitle = {"command": "set_terms", "tenant": "acme", "terms": {"allowlists_entitled": True}}
        plane.give({"kind": "provider", "name": "tests"}, entitle, id="provider:entitle")
        for account in ACCOUNTS:
            keep_hash(engine, account, HASH)
        engine.dispose()

    def give(self, command: dict[str, Any]) -> dict[str, Any]:
        """Give a command as the provider."""
        answer: dict[str, Any] = json.loads(self.run("give", json.dumps(command)))
        return answer

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("log").splitlines()]

    @contextmanager
    def panel(self) -> Iterator[subprocess.Popen[bytes]]:
        with self._process("panel", self.panel_port, "serve", "--listen", f"127.0.0.1:{self.panel_port}") as process:
            yield process

    @contextmanager
    def host(self) -> Iterator[subprocess.Popen[bytes]]:
        with self._process("host", self.submission_port, "host") as process:
            yield process

    def said(self, process: str) -> str:
        """Return what a process has told the operator."""
        return (self.folder / f"{process}.log").read_text()

    @contextmanager
    def browser(self) -> Iterator[Browser]:
        with httpx2.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            yield Browser(client)

    @contextmanager
    def _process(self, name: str, port: int, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        with open(self.folder / f"{name}.log", "ab") as output:
            process = subprocess.Popen(
                self._command(*arguments), cwd=EXAMPLE, env=self._variables(), stdout=output, stderr=subprocess.STDOUT
            )
        try:
            wait_for(f"the start of {name}", lambda: self._listening(process, port, name))
            yield process
        finally:
            process.terminate()
            process.wait(20)

    def _listening(self, process: subprocess.Popen[bytes], port: int, name: str) -> bool | None:
        assert process.poll() is None, self.said(name)
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0 or None

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "control_plane", *arguments]

    def _variables(self) -> dict[str, str]:
        return {**os.environ, **self.environment}
