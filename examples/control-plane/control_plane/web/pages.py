"""What all pages share: the services behind them, how one is rendered, and what stands in its headers."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.templating import Jinja2Templates
from starlette.datastructures import FormData

from control_plane.outbox import Outbox
from control_plane.plane import Plane
from control_plane.settings import Settings
from control_plane.tokens import form_id
from control_plane.web.forms import ProtectedForm

log = logging.getLogger("control_plane")


class ForgedForm(Exception):
    """A form was posted that did not come from a page of this session."""


@dataclass(frozen=True)
class Site:
    settings: Settings
    plane: Plane
    outbox: Outbox
    templates: Jinja2Templates

    def page(self, request: Request, template: str, status: int = 200, **shown: Any) -> Response:
        """Render a page. `csrf` is the token for its forms, `form_id` makes an id for each of them."""
        csrf = ProtectedForm(request, self.settings).token
        shown |= {"csrf": csrf, "form_id": form_id, "account": request.session.get("account")}
        return self.templates.TemplateResponse(request, template, shown, status)


def new_site(settings: Settings, plane: Plane) -> Site:
    templates = Jinja2Templates(Path(__file__).parent / "templates")
    return Site(settings, plane, Outbox(plane, settings), templates)


def _site(request: Request) -> Site:
    site = request.app.state.site
    assert isinstance(site, Site)
    return site


async def _posted(request: Request) -> FormData:
    return await request.form(max_files=0, max_fields=32)


TheSite = Annotated[Site, Depends(_site)]
Posted = Annotated[FormData, Depends(_posted)]


def check(form: ProtectedForm) -> bool:
    """Tell whether what was typed is complete. Raises `ForgedForm` where the form is not one of this session."""
    complete = form.validate()
    if form.forged:
        raise ForgedForm
    return complete


HEADERS = {
    # Pages hold links with tokens, so no other site learns where a visitor comes from, and no cache keeps them.
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
