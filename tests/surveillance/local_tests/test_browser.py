"""The page of a finished test in a real browser: nothing that a machine finds hard to use."""

import shutil
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from factories.identity import PASSWORD
from factories.local_tests import Clinic, finished, make_rule
from factories.web import create_web
from playwright.sync_api import sync_playwright

from surveillance.local_tests import pages, plan_pages
from surveillance.local_tests.models import LocalTest
from vigil.kernel.identity.models import User

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture
def tests(clinic: Clinic) -> tuple[LocalTest, LocalTest]:
    group = {"metric": "sensitivity", "floor": 0.7}
    return finished(clinic, 240, make_rule(subgroups=[group])), clinic.plan()


@pytest.fixture
def address(clinic: Clinic) -> Iterator[str]:
    app = create_web(
        clinic.parts,
        plan_pages.router,
        pages.router,
        domains={"local_tests": "surveillance.local_tests"},
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def test_the_pages_have_no_violations_and_do_not_scroll_sideways(
    clinic: Clinic, tests: tuple[LocalTest, LocalTest], address: str
) -> None:
    with clinic.parts.database.read() as session:
        email = session.get_one(User, clinic.officer.id).email
    paths = ["/acceptance-tests", *(f"/acceptance-tests/{test.id}" for test in tests)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(f"{address}/sign-in")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").first.fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for path in paths:
            for width in (1200, 360):
                page.set_viewport_size({"width": width, "height": 900})
                page.goto(f"{address}{path}")
                found = Axe().run(page, options={"runOnly": RULES})
                assert found.violations_count == 0, (path, found.generate_report())
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, (path, width)
        _plan(page, address)
        browser.close()


def _plan(page: Any, address: str) -> None:
    """From the first choice to a fixed rule, with a mistake on the way, on a narrow screen."""

    def examine(name: str) -> None:
        for width in (1200, 320):
            page.set_viewport_size({"width": width, "height": 900})
            found = Axe().run(page, options={"runOnly": RULES})
            assert found.violations_count == 0, (name, found.generate_report())
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (name, width)

    page.goto(f"{address}/acceptance-tests")
    page.get_by_role("link", name="Plan a test").click()
    page.get_by_role("button", name="Continue").click()
    examine("choose, refused")
    page.get_by_label("Version").select_option(index=1)
    page.get_by_label("Site", exact=True).select_option(index=1)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("What this test is called").fill("Winter")
    examine("plan")
    page.get_by_role("button", name="Check your answers").click()
    examine("plan, refused")
    assert page.get_by_label("What this test is called").input_value() == "Winter"
    page.fill("#plan-pneumonia-sensitivity", "0.8")
    page.select_option("#plan-effusion-tested", "no")
    page.fill("#plan-effusion-left_out", "no labels for it here")
    page.get_by_role("button", name="Check your answers").click()
    examine("check")
    page.get_by_label("Reason").fill("before go-live")
    page.get_by_role("button", name="Confirm and fix this rule").click()
    assert "The rule is fixed" in page.inner_text("body")
