"""The web application: its middleware, its pages, and the task that does what is due without a request."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.sessions import SessionMiddleware

from control_plane.clock import Clock, system_clock
from control_plane.database import connect
from control_plane.plane import Plane
from control_plane.settings import Settings
from control_plane.state import DamagedLog
from control_plane.web import give, letters, panel, visitor
from control_plane.web.pages import HEADERS, ForgedForm, Site, log, new_site

SESSION_SECONDS = 8 * 3600


def create_app(settings: Settings, clock: Clock = system_clock) -> FastAPI:
    site = new_site(settings, Plane(connect(settings.database), clock))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_settle_forever(site))
        yield
        task.cancel()
        site.plane.engine.dispose()

    # Nothing but these pages: no description of an interface for programs.
    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.state.site = site
    app.add_middleware(
        SessionMiddleware,
        secret_key="sessions:" + settings.secret.get_secret_value(),
        max_age=SESSION_SECONDS,
        same_site="lax",
        https_only=settings.https,
    )
    for router in (visitor.router, panel.router, give.router, letters.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))

    @app.middleware("http")
    async def headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update(HEADERS)
        return response

    @app.exception_handler(visitor.NotSignedIn)
    def not_signed_in(_: Request, __: visitor.NotSignedIn) -> Response:
        return RedirectResponse("/sign-in", 303)

    @app.exception_handler(ForgedForm)
    def forged(request: Request, _: ForgedForm) -> Response:
        log.warning("refused: a form for %s without the token of this session", request.url.path)
        return site.page(
            request, "refused.html", 403, text="This form is too old, or not from this site. Open the page again."
        )

    @app.exception_handler(DamagedLog)
    def damaged(request: Request, damage: DamagedLog) -> Response:
        log.critical("%s", damage)
        return site.page(request, "refused.html", 503, text="The control plane is out of order. Sending goes on as it was.")

    return app


async def _settle_forever(site: Site) -> None:
    """Do what a crash, a smarthost or the DNS has left undone, and look for TXT records again: at the start, and from time to time."""
    while True:
        for task in (site.outbox.settle, site.outbox.check_again):
            try:
                await asyncio.to_thread(task)
            except Exception:
                log.exception("what is left to do could not be done")
        await asyncio.sleep(min(30, site.settings.attempt_seconds))
