"""Simulations asked for and read over HTTP, in the console and in a real browser."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from factories.identity import PASSWORD, create_organisation, create_person
from factories.simulation import make_rows, write_csv
from factories.steps import InlineSteps
from factories.surveillance import Place, create_place
from factories.web import browser, create_web
from fastapi import FastAPI
from playwright.sync_api import sync_playwright

from surveillance.simulation import api, pages, service
from surveillance.simulation.tasks import SimulationTasks
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind, Site, User
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

CHROMIUM = shutil.which("chromium")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(
        parts, api.router, pages.router, domains={"simulation": "surveillance.simulation"}
    )


@pytest.fixture
def place(parts: Parts) -> Place:
    with parts.database.write() as session:
        return create_place(session)


@pytest.fixture
def officer(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return create_person(session, "NET", Role.CSO)


@pytest.fixture
def code(parts: Parts, place: Place) -> str:
    with parts.database.read() as session:
        return session.get_one(Site, place.site_id).ods_code


def form(code: str) -> dict[str, str]:
    return {"site": code, "title": "Before go-live", "reason": "to choose tolerances"}


def test_a_table_is_sent_run_and_read(
    parts: Parts, app: FastAPI, officer: Actor, code: str, tmp_path: Path
) -> None:
    client = browser(app, officer)
    table = write_csv(tmp_path / "t.csv", make_rows(shift=0.5)).read_bytes()
    question = json.dumps({"threshold": 0.92, "grid": False})
    answer = client.post(
        "/api/v1/surveillance/simulations",
        data={**form(code), "question": question},
        files={"document": ("Smith John.csv", table)},
    )
    assert answer.status_code == 202, answer.text
    address, found = answer.headers["Location"], answer.json()
    assert (found["state"], found["question"]["threshold"]) == ("planned", 0.92)
    assert client.get(f"{address}/result").status_code == 404
    assert "planned" in client.get(f"/simulations/{found['id']}").text.lower()

    SimulationTasks(parts).run(InlineSteps(parts.database), found["id"])

    assert client.get(address).json()["state"] == "finished"
    assert client.get(f"{address}/result").json()["accounts"]["rows"] > 0
    assert "<svg" in client.get(f"{address}/page").text
    page = client.get(f"/simulations/{found['id']}").text
    assert "What the engine would have said" in page
    assert "Smith" not in page
    assert len(page) < 150_000
    assert "Before go-live" in client.get("/simulations").text


@pytest.mark.parametrize(
    ("table", "question", "field"),
    [
        (b"day,score,nhs_number\n", "{}", "nhs_number"),
        (b"", "{}", "table"),
        (b"day,score\n2026-05-01,1\n", '{"among": 0}', "among"),
        (b"day,score\n2026-05-01,1\n", "no json", "question"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_its_field(
    app: FastAPI, officer: Actor, code: str, table: bytes, question: str, field: str
) -> None:
    answer = browser(app, officer).post(
        "/api/v1/surveillance/simulations",
        data={**form(code), "question": question},
        files={"document": ("t.csv", table)},
    )
    assert answer.status_code == 422
    assert field in answer.text


def test_a_form_that_is_not_filled_in_comes_back_with_its_faults(
    app: FastAPI, officer: Actor, place: Place
) -> None:
    answer = browser(app, officer).post("/simulations/backfills", data={"from_day": "soon"})
    assert answer.status_code == 422
    assert "There is a problem" in answer.text


def test_a_backfill_is_asked_for(app: FastAPI, officer: Actor, place: Place, code: str) -> None:
    client = browser(app, officer)
    days = {"from_day": "2026-05-01", "to_day": "2026-05-03"}
    body = {"version_id": place.version_id, "site": code, "reason": "what if", **days}
    answer = client.post("/api/v1/surveillance/backfills", json=body)
    assert (answer.status_code, answer.json()["total"]) == (202, 3)
    typed = {"version": place.version_id, "site": code, "reason": "what if", **days}
    assert client.post("/simulations/backfills", data=typed).status_code == 303


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.server
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_pages_have_no_violations(
    parts: Parts, app: FastAPI, officer: Actor, code: str, address: str, tmp_path: Path
) -> None:
    client = browser(app, officer)
    table = write_csv(tmp_path / "t.csv", make_rows(days=150, shift=0.5, from_day=100))
    found = client.post(
        "/api/v1/surveillance/simulations",
        data={**form(code), "question": '{"threshold": 0.92, "replicates": 20}'},
        files={"document": ("t.csv", table.read_bytes())},
    ).json()
    SimulationTasks(parts).run(InlineSteps(parts.database), found["id"])
    with parts.database.read() as session:
        sheet = tmp_path / "sheet.html"
        sheet.write_bytes(service.sheet(session, officer, parts.objects, found["id"]))
        email = session.get_one(User, officer.id).email
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": 1024, "height": 1400})
        page.goto(f"{address}/sign-in")
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").first.fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        for path in (
            f"{address}/simulations",
            f"{address}/simulations/{found['id']}",
            sheet.as_uri(),
        ):
            page.goto(path)
            results = Axe().run(page, options={"runOnly": RULES})
            assert results.violations_count == 0, results.generate_report()
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path
            page.screenshot(path=tmp_path / f"{path.rsplit('/', 1)[-1]}.png", full_page=True)
        chromium.close()
