import csv
import io
from collections.abc import Callable

import pytest
from factories.fairness import Population
from factories.surveillance import FINDING, Place
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from surveillance.fairness import api, cli, pages
from surveillance.fairness.rows import GapRow
from vigil.kernel.console import root
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts

API = "/api/v1/surveillance/fairness"
DAYS = {"from": "2026-09-01", "to": "2027-05-01"}
JSON = {"Accept": "application/json"}


@pytest.fixture
def place(settle: Callable[[Population], Place]) -> Place:
    return settle(Population(patients=700, missed=0.6, ap_of_old=0.5, rare=4))


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    domains = {"fairness": "surveillance.fairness"}
    return create_web(parts, api.router, pages.router, domains=domains)


@pytest.fixture
def client(app: FastAPI, officer: Actor) -> TestClient:
    return browser(app, officer)


def test_gaps_as_json_and_the_same_as_csv(client: TestClient, place: Place) -> None:
    asked = {"version_id": place.version_id, "finding": FINDING, **DAYS}
    found = client.get(API, params=asked, headers=JSON)
    assert found.status_code == 200
    body = found.json()
    loudest = body["gaps"][0]
    assert (loudest["axis"], loudest["level"], loudest["verdict"]) == ("view", "AP", "gap")
    assert loudest["low"] < loudest["gap"] < loudest["high"] < 0
    assert "points lower than in view PA" in loudest["sentence"]
    assert body["withheld"] > 0
    assert body["looks"] > 20
    answer = client.get(API, params=asked | {"format": "csv"}, headers=JSON)
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len(body["gaps"])
    assert [*rows[0]] == [*GapRow.model_fields]


def test_from_the_records_it_tells_the_mix(client: TestClient, place: Place) -> None:
    asked = {"version_id": place.version_id, "method": "records", **DAYS}
    gaps = client.get(API, params=asked, headers=JSON).json()["gaps"]
    assert [gap for gap in gaps if gap["mix_axis"] is not None]


def test_the_page_says_what_is_found_what_is_not_known_and_what_is_withheld(
    client: TestClient, place: Place
) -> None:
    path = f"/models/{place.model_id}/versions/{place.version_id}/fairness"
    page = client.get(path, params=DAYS | {"finding": FINDING})
    assert page.status_code == 200
    for said in (
        "Gaps judged together",
        "Sensitivity in view AP is",
        "Too few data are no sign that all is well",
        "Withheld",
        "<svg",
        "The second half of the period against the first",
    ):
        assert said in page.text
    assert client.get(path, params={"method": "records"}).status_code == 200
    assert client.get(f"/models/mdl_no/versions/{place.version_id}/fairness").status_code == 404


def test_a_version_without_records_has_a_page_that_says_so(
    client: TestClient, settle: Callable[[Population], Place]
) -> None:
    place = settle(Population(patients=1))
    path = f"/models/{place.model_id}/versions/{place.version_id}/fairness"
    page = client.get(path, params={"from": "2020-01-01", "to": "2020-02-01"})
    assert page.status_code == 200
    assert "No case was counted from" in page.text


def test_strangers_are_told_nothing(app: FastAPI, place: Place) -> None:
    assert anonymous(app).get(API, params={"version_id": place.version_id}).status_code == 401


def test_a_period_upside_down_is_named(client: TestClient, place: Place) -> None:
    asked = {"version_id": place.version_id, "from": "2026-10-01", "to": "2026-09-01"}
    answer = client.get(API, params=asked, headers=JSON)
    assert answer.status_code == 422
    assert "after the last day" in answer.text


def test_the_command_prints_the_loudest_first(parts: Parts, place: Place) -> None:
    app = root(lambda: parts)
    app.add_typer(cli.app, name="surveillance")
    told = ["surveillance", "fairness", "--version", place.version_id, "--from", "2026-09-01"]
    answer = CliRunner().invoke(app, [*told, "--to", "2027-05-01", "--verdict", "gap"])
    assert answer.exit_code == 0, answer.output
    assert "view" in answer.output
    assert "judged together" in answer.output
