"""The panel in the test's own process, with a clock that the test moves; what the operator is told can be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import FastAPI
from starlette.testclient import TestClient

from control_plane.web.app import create_app
from control_plane.web.pages import Site
from tests.browser import Browser
from tests.installation import Installation


@dataclass
class Panel:
    installation: Installation
    now: int = 1_796_083_200
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.installation.settings, lambda: self.now)

    @property
    def site(self) -> Site:
        site = self.app.state.site
        assert isinstance(site, Site)
        return site

    def close(self) -> None:
        self.site.plane.engine.dispose()

    @contextmanager
    def browser(self, account: str | None = None, address: str = "192.0.2.10") -> Iterator[Browser]:
        """Open a browser at a network address, and sign in."""
        client = TestClient(self.app, self.installation.url, client=(address, 50000))
        browser = Browser(client)
        if account is not None:
            assert browser.sign_in(account).status == 200
        yield browser
        client.close()
