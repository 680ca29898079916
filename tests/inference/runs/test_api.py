"""Runs over HTTP."""

from dataclasses import dataclass
from typing import Any

import pytest
from factories.identity import create_person, create_site
from factories.runs import Finished, create_run
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from inference.runs import api
from inference.runs.models import Outcome
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

RUNS = "/api/v1/runs"


@dataclass(frozen=True)
class People:
    reader: Actor
    stranger: Actor
    supplier: Actor


@pytest.fixture
def finished(parts: Parts) -> Finished:
    with parts.database.write() as session:
        site = create_site(session)
        return create_run(session, parts.objects, site.id)  # type: ignore[arg-type]


@pytest.fixture
def people(parts: Parts, finished: Finished) -> People:
    with parts.database.write() as session:
        create_site(session, "RYY01")
        return People(
            create_person(session, "RXX", Role.READER),
            create_person(session, "RYY", Role.READER),
            create_person(session, "ACME", Role.SUPPLIER),
        )


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, api.router)


@pytest.fixture
def client(app: FastAPI, people: People) -> TestClient:
    return browser(app, people.reader)


def add_run(parts: Parts, finished: Finished, **options: Any) -> Finished:
    with parts.database.write() as session:
        return create_run(
            session,
            parts.objects,  # type: ignore[arg-type]
            finished.run.site_id,
            supersedes=finished,
            **options,
        )


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


def test_a_run_is_shown_with_its_pins_and_findings(client: TestClient, finished: Finished) -> None:
    shown = client.get(f"{RUNS}/{finished.run.id}").json()

    assert (shown["state"], shown["outcome"]) == ("finished", "SUCCEEDED")
    assert shown["version_digest"] == finished.run.version_digest
    assert shown["inputs"] == finished.run.inputs
    assert [one["key"] for one in shown["findings"]] == ["pneumonia", "pneumothorax"]
    assert shown["findings"][0]["flagged"] is True


def test_runs_are_listed_newest_first_and_narrowed(
    client: TestClient, parts: Parts, finished: Finished, clock: Any
) -> None:
    clock.advance(1)
    later = add_run(parts, finished, outcome=Outcome.SKIPPED)

    assert ids(client.get(RUNS)) == [later.run.id, finished.run.id]
    assert ids(client.get(RUNS, params={"outcome": "SKIPPED"})) == [later.run.id]
    assert ids(client.get(RUNS, params={"outcome": "FAILED"})) == []
    assert ids(client.get(RUNS, params={"study_id": "std_other"})) == []
    assert len(ids(client.get(RUNS, params={"version_id": finished.run.version_id}))) == 2


def test_a_list_is_walked_from_cursor_to_cursor(
    client: TestClient, parts: Parts, finished: Finished, clock: Any
) -> None:
    clock.advance(1)
    second = add_run(parts, finished)
    clock.advance(1)
    third = add_run(parts, second)

    first_page = client.get(RUNS, params={"limit": 2})
    cursor = first_page.json()["next_cursor"]
    rest = client.get(RUNS, params={"limit": 2, "cursor": cursor})

    assert ids(first_page) == [third.run.id, second.run.id]
    assert 'rel="next"' in first_page.headers["Link"]
    assert ids(rest) == [finished.run.id]
    assert rest.json()["next_cursor"] is None


@pytest.mark.parametrize("query", ["outcome=WELL", "limit=0", "limit=1000", "cursor=x"])
def test_a_query_that_does_not_fit_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"{RUNS}?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("#/")


def test_nobody_reads_without_signing_in(app: FastAPI, finished: Finished) -> None:
    assert anonymous(app).get(RUNS).status_code == 401
    assert anonymous(app).get(f"{RUNS}/{finished.run.id}").status_code == 401


def test_another_site_and_a_supplier_see_no_run(
    app: FastAPI, people: People, finished: Finished
) -> None:
    stranger = browser(app, people.stranger)

    assert ids(stranger.get(RUNS)) == []
    assert stranger.get(f"{RUNS}/{finished.run.id}").status_code == 404
    assert stranger.get(f"{RUNS}/run_none").json()["type"] == "/problems/unknown-run"
    assert browser(app, people.supplier).get(RUNS).status_code == 403
    assert browser(app, people.supplier).get(f"{RUNS}/{finished.run.id}").status_code == 403
