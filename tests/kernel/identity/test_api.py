from datetime import timedelta

import pytest
from conftest import FakeClock
from factories.identity import create_organisation, create_person
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

NEW = {"name": "export", "scopes": ["study:read"], "days": 30}


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts)


@pytest.fixture
def reader(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "RXX")
        return create_person(session, "RXX", Role.READER)


def program(app: FastAPI, key: str) -> TestClient:
    return TestClient(app, headers={"Authorization": f"Bearer {key}"})


def test_me_says_who_calls_and_what_they_may(app: FastAPI, reader: Actor) -> None:
    me = browser(app, reader).get("/api/v1/me").json()
    assert me["id"] == reader.id
    assert me["grants"] == [{"role": "reader", "site_id": None}]
    assert set(me["permissions"]) == {"registry:read", "study:read", "decision:write"}
    assert me["sites"] == []


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/tokens"])
def test_a_stranger_gets_401(app: FastAPI, path: str) -> None:
    assert anonymous(app).get(path).status_code == 401


def test_a_token_is_shown_once_and_works_within_its_scopes(app: FastAPI, reader: Actor) -> None:
    client = browser(app, reader)
    issued = client.post("/api/v1/tokens", json=NEW)
    assert issued.status_code == 201
    key = issued.json()["key"]
    assert key not in client.get("/api/v1/tokens").text
    assert program(app, key).get("/api/v1/me").json()["permissions"] == ["study:read"]


def test_a_token_issues_none_that_may_more(app: FastAPI, reader: Actor) -> None:
    key = browser(app, reader).post("/api/v1/tokens", json=NEW).json()["key"]
    wider = {**NEW, "scopes": ["study:read", "decision:write"]}
    assert program(app, key).post("/api/v1/tokens", json=wider).status_code == 403
    assert program(app, key).post("/api/v1/tokens", json=NEW).status_code == 201


def test_a_revoked_or_old_token_is_refused(app: FastAPI, reader: Actor, clock: FakeClock) -> None:
    client = browser(app, reader)
    first, second = (client.post("/api/v1/tokens", json=NEW).json() for _ in range(2))
    address = f"/api/v1/tokens/{first['id']}/revocation"
    assert client.post(address, json={"reason": "lost"}).status_code == 204
    assert program(app, first["key"]).get("/api/v1/me").status_code == 401
    assert program(app, second["key"]).get("/api/v1/me").status_code == 200
    clock.advance(timedelta(days=31).total_seconds())
    assert program(app, second["key"]).get("/api/v1/me").status_code == 401


def test_nobody_revokes_anothers_token(app: FastAPI, parts: Parts, reader: Actor) -> None:
    token = browser(app, reader).post("/api/v1/tokens", json=NEW).json()["id"]
    with parts.database.write() as session:
        other = create_person(session, "RXX", Role.CSO)
    answer = browser(app, other).post(f"/api/v1/tokens/{token}/revocation", json={"reason": "x"})
    assert answer.status_code == 403
