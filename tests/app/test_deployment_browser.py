"""Deployments, reviews and stops in a real browser: no rule broken, nothing wider than a phone."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from factories import packages
from factories.deployments import deploy, go_live, request
from factories.identity import PASSWORD
from factories.safety import create_cast, create_version, sign_everything
from factories.stops import ask_lift, order_stop
from playwright.sync_api import Browser, Page, sync_playwright

from model_registry.stops.models import Scope
from model_registry.versions import contents
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion
from vigil.app import web
from vigil.kernel.identity import repository as identity
from vigil.kernel.parts import Parts
from vigil.kernel.web import assets

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Where this names a folder, what the browser saw is kept there as pictures.
PICTURES = os.environ.get("VIGIL_TEST_PICTURES")
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )


@pytest.fixture
def address(parts: Parts) -> Iterator[str]:
    folder = Path(parts.settings.data_dir) / "assets"
    assets.build(folder)
    settings = parts.settings.model_copy(update={"assets_dir": folder})
    app = web.create_app(replace(parts, settings=settings))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def paths(parts: Parts) -> dict[str, str]:
    """A network in which something waits for an officer and something is stopped."""
    with parts.database.write() as session:
        cast = create_cast(session)
        live = go_live(session, parts.objects, cast, "1.0.0")
        version = create_version(session, cast, "2.0.0")
        sign_everything(session, parts.objects, cast, version)
        for one in (session.get_one(ModelVersion, live.version_id), version):
            handover = Handover.of(packages.archive(version=one.version))
            handover.store(parts.objects)
            contents.keep(session, one, handover)
        change = request(session, cast.manager, deploy(session, cast, version)).change
        stop = order_stop(session, cast.manager, Scope.MODEL, "two missed findings this morning")
        ask_lift(session, cast.manager, stop)
        officer = identity.user(session, cast.network_officer.id)
        assert officer is not None
        return {
            "email": officer.email,
            "overview": "/",
            "reviews": "/reviews",
            "review": f"/reviews/{change.id}",
            "deployments": "/deployments",
            "deployment": f"/deployments/{live.id}",
            "rules": "/deployments/rules",
            "stops": "/stops",
            "stop": f"/stops/{stop.id}",
            "order": "/stops/new",
        }


def _sign_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("#email", email)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")


def _check(page: Page, name: str) -> None:
    if PICTURES:
        page.set_viewport_size({"width": 1100, "height": 900})
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
        page.set_viewport_size({"width": 320, "height": 800})
        page.reload(wait_until="load") if name != "confirm" else page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    broken = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in broken] == [], name


def test_every_page_fits_a_phone_and_breaks_no_rule(
    address: str, chromium: Browser, paths: dict[str, str]
) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 800})
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text))
    _sign_in(page, address, paths.pop("email"))
    for name, path in paths.items():
        page.goto(f"{address}{path}", wait_until="load")
        _check(page, name)
    page.select_option("#target", "site:RXX01")
    page.fill("#reason", "odd since the scanner's update")
    page.click("text=Continue")
    _check(page, "confirm")
    assert console == []
    page.close()
