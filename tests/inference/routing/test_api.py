"""Routing over HTTP."""

from dataclasses import dataclass
from typing import Any

import pytest
from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.routing import CHEST
from factories.studies import create_study
from factories.versions import create_version
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI

from inference.routing import api, service
from inference.studies.models import Study
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

REVISIONS = "/api/v1/routing/revisions"
DECISIONS = "/api/v1/routing/decisions"


@dataclass(frozen=True)
class People:
    manager: Actor
    officer: Actor
    reader: Actor
    stranger: Actor
    supplier: Actor


@pytest.fixture
def study(parts: Parts) -> Study:
    with parts.database.write() as session:
        study = create_study(session, create_site(session).id)
        create_version(session, parts.objects)
        service.decide(session, study, [])
        return study


@pytest.fixture
def people(parts: Parts, study: Study) -> People:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        create_site(session, "RYY01")
        return People(
            manager=create_person(session, "NET", Role.NETWORK_MANAGER),
            officer=create_person(session, "RXX", Role.CSO),
            reader=create_person(session, "RXX", Role.READER),
            stranger=create_person(session, "RYY", Role.CSO),
            supplier=create_person(session, "ACME", Role.SUPPLIER),
        )


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, api.router)


def body(**changes: Any) -> dict[str, Any]:
    rule = {"name": "chests", "when": CHEST, "model": "ACME/linear-three"} | changes
    return {"site": "RXX01", "rules": [rule], "reason": "go-live"}


def test_a_revision_is_drafted_listed_and_published_by_another(
    app: FastAPI, people: People
) -> None:
    manager, officer = browser(app, people.manager), browser(app, people.officer)

    drafted = manager.post(REVISIONS, json=body())

    assert drafted.status_code == 201
    assert drafted.headers["Location"] == f"{REVISIONS}?site=RXX01"
    publication = f"{REVISIONS}/{drafted.json()['id']}/publication"
    own = manager.post(publication, json={"reason": "my own"})
    assert (own.status_code, own.json()["type"]) == (409, "/problems/four-eyes")
    assert officer.post(publication, json={"reason": "scope reviewed"}).status_code == 204
    assert officer.post(publication, json={"reason": "again"}).status_code == 409
    [listed] = officer.get(REVISIONS, params={"site": "RXX01"}).json()
    assert (listed["state"], listed["published_by"]) == ("published", people.officer.id)


def test_why_a_study_was_not_sent_is_told(app: FastAPI, people: People, study: Study) -> None:
    asked = {"study_id": study.id}

    [row] = browser(app, people.reader).get(DECISIONS, params=asked).json()

    assert (row["sent"], row["reason"]) == (False, service.NO_RULES)
    assert browser(app, people.stranger).get(DECISIONS, params=asked).json() == []


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"when": 'patient_name == "DOE"'}, "#/rules[0]/when"),
        ({"when": "modality =="}, "#/rules[0]/when"),
        ({"model": "ACME/unknown"}, "#/rules[0]/model"),
        ({"model": "no reference"}, "#/rules/0/model"),
        ({"priority": "at once"}, "#/rules/0/priority"),
        ({"owner": "x"}, "#/rules/0/owner"),
    ],
)
def test_a_fault_is_pointed_at(
    app: FastAPI, people: People, change: dict[str, Any], pointer: str
) -> None:
    answer = browser(app, people.manager).post(REVISIONS, json=body(**change))

    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    [error] = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert error["remedy"]


def test_a_reason_is_asked_for(app: FastAPI, people: People) -> None:
    answer = browser(app, people.manager).post(REVISIONS, json=body() | {"reason": " "})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/reason"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{REVISIONS}?site=RXX01"),
        ("POST", REVISIONS),
        ("POST", f"{REVISIONS}/rev_x/publication"),
        ("GET", f"{DECISIONS}?study_id=std_x"),
    ],
)
def test_nobody_comes_in_without_signing_in(app: FastAPI, method: str, path: str) -> None:
    json = body() if method == "POST" else None
    assert anonymous(app).request(method, path, json=json).status_code == 401


def test_roles_that_write_no_rules_are_turned_away(app: FastAPI, people: People) -> None:
    assert browser(app, people.reader).post(REVISIONS, json=body()).status_code == 403
    supplier = browser(app, people.supplier)
    assert supplier.get(REVISIONS, params={"site": "RXX01"}).status_code == 403
    assert supplier.get(DECISIONS, params={"study_id": "std_x"}).status_code == 403


def test_another_site_is_not_there(app: FastAPI, people: People, parts: Parts) -> None:
    drafted = browser(app, people.manager).post(REVISIONS, json=body()).json()
    stranger = browser(app, people.stranger)

    assert stranger.get(REVISIONS, params={"site": "RXX01"}).status_code == 404
    publication = f"{REVISIONS}/{drafted['id']}/publication"
    assert stranger.post(publication, json={"reason": "x"}).status_code == 404
    assert SETUP.id not in drafted["drafted_by"]
