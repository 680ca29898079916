"""The pages of signing keys in a real browser: narrow, accessible, and usable."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from factories.identity import create_organisation, create_person
from factories.keys import create_key
from factories.web import browser, create_web
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from model_registry.keys import api, pages
from model_registry.keys.models import KeyStatus
from model_registry.packages.signature import new_private_key
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def screens(parts: Parts, chromium: Browser) -> Iterator[dict[str, BrowserContext]]:
    """What the supplier and the manager have before them, over a server of their own."""
    app = create_web(parts, api.router, pages.router, domains={"keys": "model_registry.keys"})
    with parts.database.write() as session:
        supplier = create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        for status in KeyStatus:
            create_key(session, supplier.id, new_private_key(), status)
        people = {
            "supplier": create_person(session, "ACME", Role.SUPPLIER),
            "manager": create_person(session, "NET", Role.NETWORK_MANAGER),
        }
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    found = {}
    for name, person in people.items():
        ((cookie, value),) = browser(app, person).cookies.items()
        found[name] = chromium.new_context(base_url=address, viewport={"width": 320, "height": 800})
        found[name].add_cookies([{"name": cookie, "value": value, "url": address}])
    yield found
    for context in found.values():
        context.close()
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("supplier", "/supplier-keys"),
        ("supplier", "/supplier-keys/new"),
        ("manager", "/supplier-keys"),
    ],
)
def test_each_page_is_accessible_and_fits_a_narrow_screen(
    screens: dict[str, BrowserContext], who: str, path: str, tmp_path: Path
) -> None:
    page = screens[who].new_page()
    page.goto(path)
    for details in page.query_selector_all("summary"):
        details.click()
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_manager_trusts_a_key_in_the_browser(screens: dict[str, BrowserContext]) -> None:
    page = screens["manager"].new_page()
    page.goto("/supplier-keys")
    page.get_by_text("Trust or revoke the key").click()
    page.get_by_label("How you compared the key").fill("by telephone")
    page.get_by_role("button", name="Trust this key").click()
    assert "is trusted" in page.inner_text("body")
    assert page.get_by_text("Trust or revoke the key").count() == 0
