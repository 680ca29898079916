from datetime import timedelta
from typing import Any

import pytest
from factories.identity import create_organisation, create_person
from factories.surveillance import FINDING, Place, create_place, many_runs, reference_cases
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from surveillance.alerts import api as alerts_api
from surveillance.alerts import cli as alerts_cli
from surveillance.alerts import pages as alerts_pages
from surveillance.records import api as records_api
from surveillance.records import baseline, service
from surveillance.references.service import Baseline
from surveillance.reports import api as reports_api
from surveillance.reports import cli as reports_cli
from surveillance.reports import pages as reports_pages
from surveillance.reports import service as reports
from surveillance.streams import api, cli, pages
from vigil.kernel.console import root
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

DOMAINS = {
    "alerts": "surveillance.alerts",
    "reports": "surveillance.reports",
    "streams": "surveillance.streams",
}
JSON = {"Accept": "application/json"}


@pytest.fixture
def officer(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return create_person(session, "NET", Role.CSO)


@pytest.fixture
def place(parts: Parts, officer: Actor) -> Place:
    """A month in which readers began to override."""
    with parts.database.write() as session:
        place = create_place(session)
        start = session.now().date() - timedelta(days=29)
        baseline.set_from_cases(
            session,
            officer,
            parts.objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            baseline=Baseline(decided=2000, overridden=80),
            effective_from=start,
        )
        service.record_runs(
            session,
            parts.keys,
            many_runs(place, days=30, per_day=12, start=start, override_rate=0.25),
        )
    return place


@pytest.fixture
def site_officer(parts: Parts, place: Place) -> Actor:
    with parts.database.write() as session:
        return create_person(session, "RXX", Role.CSO)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    routers = (
        api.router,
        pages.router,
        records_api.router,
        alerts_api.router,
        alerts_pages.router,
        reports_api.router,
        reports_pages.router,
    )
    return create_web(parts, *routers, domains=DOMAINS)


@pytest.fixture
def client(app: FastAPI, officer: Actor) -> TestClient:
    return browser(app, officer)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/surveillance/streams",
        "/api/v1/surveillance/references",
        "/api/v1/alerts",
        "/api/v1/reports",
    ],
)
def test_anonymous_reads_nothing(app: FastAPI, path: str) -> None:
    assert anonymous(app).get(path).status_code == 401


@pytest.mark.parametrize("path", ["/alerts", "/reports", "/models/m/versions/v/surveillance"])
def test_anonymous_is_led_to_sign_in(app: FastAPI, path: str) -> None:
    answer = anonymous(app).get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 303


def test_from_evaluation_to_resolved_alert_by_api(client: TestClient, place: Place) -> None:
    made = client.post("/api/v1/surveillance/evaluations", json={}, headers=JSON)
    assert made.status_code == 201
    assert made.json()["verdicts"]["escalate"] == 1
    alert = made.json()["alerts"][0]
    streams: list[dict[str, Any]] = client.get("/api/v1/surveillance/streams", headers=JSON).json()[
        "items"
    ]
    loudest = streams[0]
    assert (loudest["stream"], loudest["verdict"]) == ("override_rate", "escalate")
    assert loudest["alert_id"] == alert
    assert [a["id"] for a in client.get("/api/v1/alerts", headers=JSON).json()["items"]] == [alert]
    body = {"reason": "a reader in training"}
    assert client.post(f"/api/v1/alerts/{alert}/acknowledge", json=body).status_code == 200
    resolved = client.post(f"/api/v1/alerts/{alert}/resolve", json=body)
    assert resolved.json()["cause"] == "a reader in training"
    assert client.post(f"/api/v1/alerts/{alert}/acknowledge", json=body).status_code == 409
    assert client.get("/api/v1/alerts/alr_none", headers=JSON).status_code == 404


def test_a_day_that_has_not_come_is_refused(client: TestClient) -> None:
    """Days without a study would be taken for silence."""
    body = {"day": "2027-03-01"}
    answer = client.post("/api/v1/surveillance/evaluations", json=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["detail"].startswith("not come yet")


def test_overrides_by_api(client: TestClient, place: Place) -> None:
    asked = {"version_id": place.version_id, "site_id": place.site_id}
    days = {"from_day": "2026-01-01", "to_day": "2027-01-01"}
    found = client.get("/api/v1/surveillance/overrides", params=asked | days, headers=JSON).json()
    # Whole weeks that are over, for somebody who does not work there.
    assert (found["from_day"], found["to_day"]) == ("2025-12-29", "2026-11-15")
    assert (found["eligible"], found["decided"]) == (24 * 12, 24 * 12)
    assert found["interval_low"] < found["rate"] < found["interval_high"]


def test_a_reference_by_api_names_what_is_missing(client: TestClient, place: Place) -> None:
    body = {
        "version_id": place.version_id,
        "site_id": place.site_id,
        "finding_key": FINDING,
        "threshold": 0.5,
        "reason": "recalibrated",
        "cases": [{"score": 0.5, "sex": "F"}],
    }
    refused = client.post("/api/v1/surveillance/references", json=body)
    assert refused.status_code == 409
    assert "1 of the 200" in refused.json()["detail"]
    body["cases"] = [{"score": number / 250} for number in range(250)]
    made = client.post("/api/v1/surveillance/references", json=body)
    assert made.status_code == 201
    assert client.get(made.headers["Location"], headers=JSON).json()["n"] == 250
    asked = {"version_id": place.version_id, "site_id": place.site_id, "finding_key": FINDING}
    from_records = {**asked, "first": 300, "reason": "reviewed"}
    own = client.post("/api/v1/surveillance/references/from-records", json=from_records)
    assert own.json()["supersedes_id"] == made.json()["id"]
    assert len(client.get("/api/v1/surveillance/references", headers=JSON).json()) == 3


def test_the_surveillance_page_shows_charts_and_says_what_is_missing(
    app: FastAPI, client: TestClient, place: Place, site_officer: Actor
) -> None:
    client.post("/api/v1/surveillance/evaluations", json={})
    path = f"/models/{place.model_id}/versions/{place.version_id}/surveillance"
    page = client.get(path)
    assert page.status_code == 200
    assert page.text.count("<svg") >= 3
    assert "Open alert" in page.text
    assert "readers override" in page.text
    own = browser(app, site_officer).get(path)
    assert "the engine raised an alert (escalate)" in own.text
    assert len(page.content) < 150_000
    assert client.get(f"/models/mdl_x/versions/{place.version_id}/surveillance").status_code == 404


def test_an_empty_version_has_its_page_too(client: TestClient, parts: Parts) -> None:
    with parts.database.write() as session:
        place = create_place(session, "RZZ01")
    page = client.get(f"/models/{place.model_id}/versions/{place.version_id}/surveillance")
    assert page.status_code == 200
    assert "Nothing was recorded of this version here yet." in page.text


def test_alerts_are_acted_on_from_their_page(client: TestClient, place: Place) -> None:
    alert = client.post("/api/v1/surveillance/evaluations", json={}).json()["alerts"][0]
    assert f"/alerts/{alert}" in client.get("/alerts").text
    assert "Acknowledge this alert" in client.get(f"/alerts/{alert}").text
    for deed in ("acknowledge", "resolve", "reopen"):
        done = client.post(f"/alerts/{alert}/{deed}", data={"reason": "looked into it"})
        assert (done.status_code, done.headers["Location"]) == (303, f"/alerts/{alert}")
        assert client.get(f"/alerts/{alert}").status_code == 200
    assert client.get("/alerts?show=all").status_code == 200


def test_a_report_opens_where_it_can_reach_nothing(
    client: TestClient, parts: Parts, officer: Actor, place: Place
) -> None:
    asked = client.post(
        "/api/v1/reports",
        json={
            "version_id": place.version_id,
            "site_id": place.site_id,
            "finding_key": FINDING,
            "from_day": "2026-10-01",
            "to_day": "2026-11-21",
        },
    ).json()
    report = asked["id"]
    assert client.get(f"/reports/{report}/document").status_code == 404
    with parts.database.write() as session:
        digest = parts.objects.put(b"<html>drift</html>")
        facts = {"state": "ready", "verdict": "Little moved.", "html_digest": digest}
        reports.keep(session, officer, report, facts)
    page = client.get(f"/reports/{report}")
    assert f'href="/reports/{report}/document"' in page.text
    assert "<iframe" not in page.text  # it weighs megabytes: nobody gets it unasked
    document = client.get(f"/reports/{report}/document")
    assert document.content == b"<html>drift</html>"
    policy = document.headers["Content-Security-Policy"]
    assert policy == reports_pages.DOCUMENT_POLICY
    assert "allow-same-origin" not in policy
    assert document.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert f"/reports/{report}" in client.get("/reports").text
    assert client.get(f"/api/v1/reports/{report}", headers=JSON).json()["state"] == "ready"
    assert len(client.get("/api/v1/reports", headers=JSON).json()["items"]) == 1


def test_the_same_by_command(parts: Parts, place: Place, tmp_path: Any) -> None:
    program = root(lambda: parts)
    for name, commands in (("surveillance", cli), ("alert", alerts_cli), ("report", reports_cli)):
        program.add_typer(commands.app, name=name)

    def run(*words: str) -> str:
        result = CliRunner().invoke(program, words)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "escalate" in run("surveillance", "run")
    assert "override_rate" in run("--json", "surveillance", "streams")
    line = run("alert", "list").splitlines()[1]
    alert = line.split("\t")[0]
    run("alert", "ack", alert, "--reason", "looking")
    run("alert", "resolve", alert, "--cause", "a reader in training")
    run("alert", "reopen", alert, "--reason", "came back")
    table = tmp_path / "scores.csv"
    table.write_text("score,sex\n" + "\n".join(f"{n / 300},F" for n in range(300)))
    words = ("--version", place.version_id, "--finding", FINDING, "--threshold", "0.7")
    site = ("--site", "RXX01", "--reason", "own cases")
    assert "0.3" in run("surveillance", "reference", str(table), *words, *site)
    days = ("--from", "2026-10-01", "--to", "2026-11-21")
    made = run("report", "make", *words[:4], "--site", "RXX01", *days)
    assert "planned" in made
    assert "planned" in run("report", "list")
