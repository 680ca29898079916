"""Browsers and programs that call the real application in a test."""

from dataclasses import replace
from pathlib import Path

from factories.identity import PASSWORD
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from vigil.kernel.identity import api as identity_api
from vigil.kernel.identity import pages as identity_pages
from vigil.kernel.identity import repository
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.service import sign_in, signed_in
from vigil.kernel.parts import Parts
from vigil.kernel.web import assets
from vigil.kernel.web.app import create_base
from vigil.kernel.web.dependencies import CSRF_HEADER, cookie_name
from vigil.kernel.web.navigation import Link

ORIGIN = "http://testserver"


def create_web(
    parts: Parts,
    *routers: APIRouter,
    domains: dict[str, str] | None = None,
    navigation: tuple[Link, ...] = (),
) -> FastAPI:
    """The application with accounts and these routers, on static files of its own."""
    folder = Path(parts.settings.data_dir) / "assets"
    if not folder.exists():
        assets.build(folder)
    settings = parts.settings.model_copy(update={"assets_dir": folder})
    app = create_base(replace(parts, settings=settings), domains, navigation)
    for router in (identity_api.router, identity_pages.router, *routers):
        app.include_router(router)
    return app


def anonymous(app: FastAPI) -> TestClient:
    """A client that nobody signed in to. It follows no redirect."""
    return TestClient(app, follow_redirects=False)


def browser(app: FastAPI, actor: Actor) -> TestClient:
    """A browser in which this person signed in; it sends what a form of ours would send."""
    parts: Parts = app.state.parts
    with parts.database.read() as session:
        user = repository.user(session, actor.id)
    assert user is not None
    token = sign_in(parts.database, user.email, PASSWORD)
    with parts.database.read() as session:
        visitor = signed_in(session, token)
    assert visitor is not None
    return TestClient(
        app,
        cookies={cookie_name(parts.settings): token},
        headers={"Accept": "text/html", "Origin": ORIGIN, CSRF_HEADER: visitor.csrf_token},
        follow_redirects=False,
    )
