"""Approval over HTTP and by command."""

import json

import pytest
import typer
from factories.identity import create_organisation, create_person
from factories.versions import create_checked_version
from factories.web import browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from model_registry.approvals import api, cli
from model_registry.safety import service as safety
from model_registry.versions.models import ModelVersion
from vigil.kernel.console import root
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

JSON = {"Accept": "application/json"}
REASON = {"reason": "agreed at the board"}


@pytest.fixture
def version(parts: Parts) -> ModelVersion:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return create_checked_version(session, parts.objects)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    made = create_web(parts, api.router)
    made.state.version_gates = ()
    return made


def person(parts: Parts, code: str, role: Role) -> Actor:
    with parts.database.write() as session:
        return create_person(session, code, role)


def client(app: FastAPI, actor: Actor) -> TestClient:
    made = browser(app, actor)
    made.headers.update(JSON)
    return made


def sign(parts: Parts, version: ModelVersion) -> None:
    officer = person(parts, "NET", Role.CSO)
    supplier = person(parts, "ACME", Role.SUPPLIER)
    with parts.database.write() as session:
        case = safety.submit_case(
            session,
            supplier,
            parts.objects,
            version_id=version.id,
            title="Case",
            content=b"case",
            reason="first issue",
        )
        safety.sign_case(session, officer, case_id=case.id, reason="reviewed")


def test_it_says_what_is_missing_until_it_is_there(
    app: FastAPI, parts: Parts, version: ModelVersion
) -> None:
    manager = client(app, person(parts, "NET", Role.NETWORK_MANAGER))
    path = f"/api/v1/versions/{version.id}"

    shown = manager.get(f"{path}/approval").json()
    refused = manager.post(f"{path}/approve", json=REASON)
    sign(parts, version)
    agreed = manager.post(f"{path}/approve", json=REASON)

    assert [(e["name"], e["met"]) for e in shown["evidence"]] == [
        ("admission", True),
        ("safety_case", False),
    ]
    assert refused.status_code == 409
    assert "clinical safety officer" in refused.json()["detail"]
    assert (agreed.status_code, agreed.json()["status"]) == (200, "approved")
    steps = manager.get(f"{path}/approval").json()["steps"]
    assert {step["status"] for step in steps} == {"submitted", "checked", "approved"}


def test_a_supplier_sees_what_is_missing_and_cannot_approve(
    app: FastAPI, parts: Parts, version: ModelVersion
) -> None:
    supplier = client(app, person(parts, "ACME", Role.SUPPLIER))
    path = f"/api/v1/versions/{version.id}"
    assert supplier.get(f"{path}/approval").status_code == 200
    assert supplier.post(f"{path}/approve", json=REASON).status_code == 403


@pytest.fixture
def vigil(parts: Parts) -> typer.Typer:
    command = root(lambda: parts, {"version_gates": ()})
    command.add_typer(cli.app, name="model")
    return command


def test_the_machine_itself_approves_nothing(vigil: typer.Typer, version: ModelVersion) -> None:
    words = ["model", "approve", "ACME/linear-three@1.0.0", "--reason", "agreed"]
    ended = CliRunner().invoke(vigil, words)
    assert ended.exit_code == 6
    assert "approves nothing" in ended.output


def test_a_manager_approves_by_command_and_withdraws(
    vigil: typer.Typer, parts: Parts, version: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = person(parts, "NET", Role.NETWORK_MANAGER)
    sign(parts, version)
    monkeypatch.setattr(cli, "actor_of", lambda _ctx: manager)
    rows = []
    for verb in ("approve", "withdraw"):
        words = ["--json", "model", verb, version.id, "--reason", "agreed"]
        ended = CliRunner().invoke(vigil, words)
        assert ended.exit_code == 0, ended.output
        rows += json.loads(ended.stdout)
    assert [row["status"] for row in rows] == ["approved", "withdrawn"]
