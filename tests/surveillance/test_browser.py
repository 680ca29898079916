"""Surveillance, fairness and the label-free view in a real browser: nothing that is hard to use."""

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from conftest import FakeClock
from factories.fairness import Population, populate
from factories.identity import PASSWORD, create_organisation, create_person
from factories.surveillance import FINDING, START, Place, create_place, reference_cases
from factories.web import create_web
from playwright.sync_api import sync_playwright

from surveillance.fairness import pages as fairness
from surveillance.label_free import pages as label_free
from surveillance.records import baseline
from surveillance.streams import pages as streams
from surveillance.streams.evaluation import evaluate
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.identity.models import OrganisationKind, User
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DOMAINS = {name: f"surveillance.{name}" for name in ("streams", "fairness", "label_free")}

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture
def place(parts: Parts, clock: FakeClock) -> Place:
    """A site whose women are missed more often, behind the views that men have."""
    clock.advance(180 * 24 * 3600)
    watcher = system_actor("test")
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        place = create_place(session)
        baseline.set_from_cases(
            session,
            watcher,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            effective_from=START - timedelta(days=1),
        )
        population = Population(patients=1200, missed=0.6, ap_of_men=0.5, missed_women=0.25, rare=4)
        populate(session, place, population)
        evaluate(session, watcher, parts.events, day=session.now().date())
    return place


@pytest.fixture
def people(parts: Parts, place: Place) -> dict[str, Actor]:
    """Somebody of the network, from whom small numbers are withheld, and somebody of the site."""
    with parts.database.write() as session:
        assert place
        return {each: create_person(session, each, Role.CSO) for each in ("NET", "RXX")}


@pytest.fixture
def address(parts: Parts) -> Iterator[str]:
    routers = (streams.router, fairness.router, label_free.router)
    app = create_web(parts, *routers, domains=DOMAINS)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("who", ["NET", "RXX"])
def test_the_pages_have_no_violations_and_do_not_scroll_sideways(
    parts: Parts, place: Place, people: dict[str, Actor], address: str, who: str
) -> None:
    with parts.database.read() as session:
        email = session.get_one(User, people[who].id).email
    here = f"/models/{place.model_id}/versions/{place.version_id}"
    named = ("surveillance?axis=manufacturer", "fairness", "label-free")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(f"{address}/sign-in")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").first.fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for path in (f"{here}/{name}" for name in named):
            page.set_viewport_size({"width": 1200, "height": 900})
            answer = page.goto(f"{address}{path}")
            assert answer is not None
            assert answer.ok, path
            for width in (1200, 320):
                page.set_viewport_size({"width": width, "height": 900})
                found = Axe().run(page, options={"runOnly": RULES})
                assert found.violations_count == 0, (path, width, found.generate_report())
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, (path, width)
        browser.close()
