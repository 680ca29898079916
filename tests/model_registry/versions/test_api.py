"""Versions over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from factories import packages
from factories.identity import create_organisation, create_person
from factories.versions import create_checked_version, create_version
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model_registry.catalogue import api as catalogue
from model_registry.versions import api
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

JSON = {"Accept": "application/json"}


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return create_web(parts, catalogue.router, api.router)


@pytest.fixture
def acme(parts: Parts) -> Actor:
    with parts.database.write() as session:
        create_organisation(session, "ACME", OrganisationKind.SUPPLIER)
        return create_person(session, "ACME", Role.SUPPLIER)


@pytest.fixture
def client(app: FastAPI, acme: Actor) -> Iterator[TestClient]:
    with browser(app, acme) as client:
        client.headers.update(JSON)
        yield client


def stranger(app: FastAPI, parts: Parts) -> TestClient:
    with parts.database.write() as session:
        create_organisation(session, "OTHER", OrganisationKind.SUPPLIER)
        actor = create_person(session, "OTHER", Role.SUPPLIER)
    client = browser(app, actor)
    client.headers.update(JSON)
    return client


@pytest.mark.parametrize("path", ["models", "models/mdl_x", "versions", "versions/ver_x"])
def test_nobody_reads_without_signing_in(app: FastAPI, path: str) -> None:
    assert anonymous(app).get(f"/api/v1/{path}", headers=JSON).status_code == 401


def test_nobody_submits_without_signing_in(app: FastAPI) -> None:
    answer = anonymous(app).post("/api/v1/versions", content=packages.archive(), headers=JSON)
    assert answer.status_code == 401


def test_a_package_is_submitted_and_its_admission_enqueued(
    client: TestClient, parts: Parts
) -> None:
    answer = client.post("/api/v1/versions", content=packages.archive())
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert answer.headers["Location"] == f"/api/v1/versions/{body['id']}"
    assert body["status"] == "submitted"
    assert [(e.task, e.arguments) for e in parts.queue.enqueued] == [  # type: ignore[attr-defined]
        ("versions.admit", (body["id"],))
    ]
    shown = client.get(f"/api/v1/versions/{body['id']}").json()
    assert shown["manifest"]["model"]["name"] == "linear-three"
    assert shown["checks"] == []


def test_the_same_package_again_is_the_same_version(client: TestClient) -> None:
    first = client.post("/api/v1/versions", content=packages.archive())
    again = client.post("/api/v1/versions", content=packages.archive())
    assert again.json()["id"] == first.json()["id"]


def test_other_bytes_under_the_label_are_a_conflict(client: TestClient) -> None:
    client.post("/api/v1/versions", content=packages.archive())
    answer = client.post("/api/v1/versions", content=packages.archive(README_md=b"x"))
    assert answer.status_code == 409


def test_a_broken_package_names_file_and_remedy(client: TestClient) -> None:
    archive = packages.archive(manifest_yaml=b"schema: vigil/package/v1")
    answer = client.post("/api/v1/versions", content=archive)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"] == "/problems/broken-package"
    assert {"Add it"} == {error["remedy"] for error in problem["errors"]}


def test_too_long_an_upload_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MAX_ARCHIVE", 100)
    answer = client.post("/api/v1/versions", content=packages.archive())
    assert answer.status_code == 422
    assert "larger than 100 bytes" in answer.json()["detail"]


def test_another_suppliers_version_is_not_found(
    client: TestClient, app: FastAPI, parts: Parts
) -> None:
    made = client.post("/api/v1/versions", content=packages.archive()).json()
    other = stranger(app, parts)
    for path in (f"versions/{made['id']}", f"models/{made['model_id']}"):
        assert other.get(f"/api/v1/{path}").status_code == 404
    assert other.get("/api/v1/versions").json()["items"] == []
    reason = {"reason": "not mine"}
    answer = other.post(f"/api/v1/versions/{made['id']}/withdraw", json=reason)
    assert answer.status_code == 404


def test_lists_come_in_pieces(client: TestClient, parts: Parts, clock: Any) -> None:
    with parts.database.write() as session:
        for version in ("1.0.0", "1.1.0", "2.0.0"):
            create_version(session, parts.objects, version=version)
            clock.advance(1)
    first = client.get("/api/v1/versions?limit=2").json()
    assert [item["version"] for item in first["items"]] == ["2.0.0", "1.1.0"]
    rest = client.get(f"/api/v1/versions?limit=2&cursor={first['next_cursor']}").json()
    assert [item["version"] for item in rest["items"]] == ["1.0.0"]
    assert rest["next_cursor"] is None
    (model,) = client.get("/api/v1/models").json()["items"]
    assert client.get(f"/api/v1/models/{model['id']}").json()["name"] == "linear-three"


def test_the_checks_are_shown_with_their_evidence(client: TestClient, parts: Parts) -> None:
    with parts.database.write() as session:
        version = create_checked_version(session, parts.objects)
    checks = client.get(f"/api/v1/versions/{version.id}").json()["checks"]
    assert all(check["passed"] for check in checks)
    assert "1 cases reproduced" in {c["name"]: c["evidence"] for c in checks}["golden"]


def test_a_version_is_withdrawn(client: TestClient) -> None:
    made = client.post("/api/v1/versions", content=packages.archive()).json()
    reason = {"reason": "a fault was found"}
    answer = client.post(f"/api/v1/versions/{made['id']}/withdraw", json=reason)
    assert answer.json()["status"] == "withdrawn"


def test_two_versions_are_compared(client: TestClient, parts: Parts, app: FastAPI) -> None:
    with parts.database.write() as session:
        first, second = (
            create_version(session, parts.objects, version=label) for label in ("1.0.0", "2.0.0")
        )
    path = f"/api/v1/versions/{first.id}/comparison/{second.id}"
    found = client.get(path).json()
    assert found["same_weights"] is True
    assert [(d["section"], d["path"]) for d in found["differences"]] == [("model", "model.version")]
    assert stranger(app, parts).get(path).status_code == 404


def test_the_network_names_a_version_and_a_supplier_does_not(
    client: TestClient, app: FastAPI, parts: Parts
) -> None:
    with parts.database.write() as session:
        version = create_version(session, parts.objects)
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        manager = create_person(session, "NET", Role.NETWORK_MANAGER)
    path = f"/api/v1/models/{version.model_id}/aliases"
    body = {"name": "champion", "version_id": version.id, "seen": "", "reason": "best"}
    named = browser(app, manager)
    named.headers.update(JSON)
    assert client.post(path, json=body).status_code == 403
    assert named.post(path, json=body).status_code == 200
    assert named.post(path, json=body).json()["type"] == "/problems/alias-moved"
    assert named.post(path, json=body | {"name": "Not One"}).status_code == 422
    (alias,) = client.get(path).json()["items"]
    assert (alias["name"], alias["version_id"]) == ("champion", version.id)
    assert named.post(f"{path}/champion/clear", json={"reason": "none"}).status_code == 200
    assert client.get(path).json()["items"] == []
