"""Tolerances over HTTP and by command."""

import pytest
from factories.identity import create_organisation, create_person
from factories.surveillance import Place, create_place
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from surveillance.tolerances import api, cli
from vigil.kernel.console import root
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

PATH = "/api/v1/surveillance/tolerances"
JSON = {"Accept": "application/json"}


@pytest.fixture
def place(parts: Parts) -> Place:
    with parts.database.write() as session:
        return create_place(session)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, api.router)


@pytest.fixture
def client(app: FastAPI, parts: Parts) -> TestClient:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        officer = create_person(session, "NET", Role.CSO)
    return browser(app, officer)


def test_a_tolerance_is_set_and_listed(client: TestClient, app: FastAPI, place: Place) -> None:
    body = {"kind": "score", "amount": 0.2, "site_id": place.site_id, "reason": "agreed in May"}
    made = client.post(PATH, json=body)
    assert made.status_code == 201
    listed = client.get(PATH, headers=JSON).json()
    assert listed["items"] == [made.json()]
    assert (made.json()["amount"], made.json()["reason"]) == (0.2, "agreed in May")
    refused = client.post(PATH, json=body | {"amount": 9})
    assert refused.status_code == 422
    assert "standard deviations" in refused.text
    assert client.get(f"{PATH}/proposals?version_id={place.version_id}").json() == []
    assert anonymous(app).get(PATH).status_code == 401


def test_the_same_by_command(parts: Parts, place: Place) -> None:
    program = root(lambda: parts)
    program.add_typer(cli.app, name="tolerance")

    def run(*words: str) -> str:
        result = CliRunner().invoke(program, words)
        assert result.exit_code == 0, result.output
        return result.output

    words = ("override_rate", "1.5", "--reason", "agreed", "--site", "RXX01")
    assert "override_rate: 1.5 from" in run("tolerance", "set", *words)
    assert "agreed" in run("tolerance", "list")
