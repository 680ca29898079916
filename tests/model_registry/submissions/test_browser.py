"""The wizard in a real browser: narrow screens, rules of accessibility, and no script."""

import shutil
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from factories import packages
from factories.identity import PASSWORD
from factories.submissions import (
    attach,
    begin_upload,
    create_draft,
    create_ready,
    create_reviewer,
    create_submitted,
    create_supplier,
    create_upload,
)
from factories.web import create_web
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from model_registry.submissions import conversation, pages, task_pages
from model_registry.submissions.models import Submission
from model_registry.submissions.questions import Task
from vigil.kernel.identity import repository
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.service import sign_in
from vigil.kernel.parts import Parts
from vigil.kernel.web.dependencies import cookie_name

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture
def address(parts: Parts) -> Iterator[str]:
    domains = {"submissions": "model_registry.submissions"}
    app = create_web(parts, pages.router, task_pages.router, domains=domains)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )


def signed_in(
    parts: Parts, chromium: Browser, address: str, actor: Actor, *, script: bool = True
) -> BrowserContext:
    context = chromium.new_context(
        viewport={"width": 320, "height": 800}, java_script_enabled=script
    )
    with parts.database.read() as session:
        user = repository.user(session, actor.id)
    assert user is not None
    token = sign_in(parts.database, user.email, PASSWORD)
    context.add_cookies([{"name": cookie_name(parts.settings), "value": token, "url": address}])
    return context


def broken_rules(context: BrowserContext, url: str) -> list[str]:
    page = context.new_page()
    page.goto(url, wait_until="load")
    assert page.url == url
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, url
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    page.close()
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]


def asked(parts: Parts, network: Actor, done: Submission) -> None:
    with parts.database.write() as session:
        conversation.ask(
            session, network, submission_id=done.id, text="Which scanners?", about=Task.VALIDATION
        )


def test_pages_fit_a_narrow_screen_and_break_no_rule(
    parts: Parts, address: str, chromium: Browser
) -> None:
    acme, network = create_supplier(parts), create_reviewer(parts)
    done = create_submitted(parts, acme)
    ready = create_ready(parts, acme, packages.archive(version="1.1.0"))
    broken = create_draft(parts, acme, "broken")
    attach(parts, acme, broken, packages.archive(card_yaml=b"limitations: []", supplier="BETA"))
    create_upload(parts, acme, packages.archive(version="3.0.0"))
    begin_upload(parts, acme, 1000, filename="half.zip")
    asked(parts, network, done)
    supplier = signed_in(parts, chromium, address, acme)
    paths = ["/submissions", "/submissions/new", f"/submissions/{ready.id}/check"]
    paths += [f"/submissions/{one.id}" for one in (done, ready, broken)]
    paths += [f"/submissions/{done.id}/confirmation", f"/submissions/{done.id}/check"]
    paths += [f"/submissions/{broken.id}/tasks/{task.value}" for task in Task]

    for path in paths:
        assert broken_rules(supplier, f"{address}{path}") == [], path
    reviewer = signed_in(parts, chromium, address, network)
    for path in ("/submissions", f"/submissions/{done.id}"):
        assert broken_rules(reviewer, f"{address}{path}") == [], path


def test_a_submission_without_a_script(parts: Parts, address: str, chromium: Browser) -> None:
    acme = create_supplier(parts)
    page = signed_in(parts, chromium, address, acme, script=False).new_page()
    page.goto(f"{address}/submissions")
    page.click("text=Start a submission")
    page.fill("#title", "linear-three 1.0.0")
    page.click("main form button")
    page.click("text=The package")
    page.set_input_files(
        "#document",
        {"name": "p.zip", "mimeType": "application/zip", "buffer": packages.archive()},
    )
    page.click("main form button:has-text('Upload')")
    assert "5 of 9 tasks are completed." in page.content()
    page.click("text=Release notes")
    page.click("main form button")
    assert "There is a problem" in page.content()
    page.fill("#changes", "The first version.")
    page.fill("#known_problems", "None")
    page.click("main form button")
    assert "6 of 9 tasks are completed." in page.content()
    page.click("text=Declarations")
    for box in page.locator("input[type=checkbox]").all():
        box.check()
    page.click("main form button")
    assert "7 of 9 tasks are completed." in page.content()
    page.close()
