"""The gates over HTTP, and what serves patients on signatures that do not stand any more."""

import pytest
from factories.deployments import GATES, go_live, place_deployment
from factories.identity import SETUP
from factories.safety import Cast, create_cast, create_version, sign_case, sign_everything
from factories.web import browser, create_web
from fastapi import FastAPI

from model_registry.deployments import api, gates_api
from model_registry.deployments.models import Mode
from model_registry.deployments.stale import stale_in_use
from model_registry.safety import staleness
from model_registry.safety.staleness import Change
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    app = create_web(parts, api.router, gates_api.router)
    app.state.gates = GATES
    return app


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        return create_cast(session)


def test_met_and_unmet_gates_are_shown_with_who_signed_and_who_can_supply(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    with parts.database.write() as session:
        version = create_version(session, cast)
        sign_case(session, parts.objects, cast, version)
        at = place_deployment(session, version, cast.site.id)

    answer = browser(app, cast.manager).get(f"/api/v1/deployments/{at.id}/gates?to_mode=live")

    found = answer.json()
    gates = {gate["name"]: gate for gate in found["gates"]}
    assert {name: gate["met"] for name, gate in gates.items()} == {
        "admission": True,
        "approval": True,
        "safety_case": True,
        "dcb0160": False,
        "local_test": False,
    }
    assert gates["safety_case"]["signed_by"].startswith("cso")
    assert gates["safety_case"]["evidence_path"].startswith("/safety/cases/sc_")
    assert gates["dcb0160"]["who"] == "the site's clinical safety officer"
    assert gates["dcb0160"]["why"] == "nothing is handed in"
    assert [one["what"] for one in found["people"]] == [
        "a manager's agreement",
        "a second person's agreement",
    ]
    assert not found["met"]


def test_the_people_of_an_open_proposal_count(app: FastAPI, parts: Parts, cast: Cast) -> None:
    with parts.database.write() as session:
        version = create_version(session, cast)
        sign_everything(session, parts.objects, cast, version)
        at = place_deployment(session, version, cast.site.id)
    manager = browser(app, cast.manager)
    proposal = {"to_mode": "live", "reason": "it did well"}
    assert manager.post(f"/api/v1/deployments/{at.id}/changes", json=proposal).status_code == 201

    found = manager.get(f"/api/v1/deployments/{at.id}/gates").json()

    assert [one["what"] for one in found["people"]] == ["a second person's agreement"]


def test_a_supplier_sees_whether_the_sites_gates_are_met_and_no_more(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    with parts.database.write() as session:
        deployment = go_live(session, parts.objects, cast)

    path = f"/api/v1/deployments/{deployment.id}/gates?to_mode=live"
    gates = {gate["name"]: gate for gate in browser(app, cast.submitter).get(path).json()["gates"]}

    assert gates["dcb0160"]["met"]
    hidden = ("why", "evidence_id", "evidence_path", "signed_by", "signed_at")
    assert not any(gates["dcb0160"][name] for name in hidden)
    assert gates["safety_case"]["signed_by"]


def test_what_a_version_would_need_is_asked_before_it_is_deployed(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    with parts.database.write() as session:
        version = create_version(session, cast)
        sign_everything(session, parts.objects, cast, version, {"pneumonia": 0.4})
    ask = {"version_id": version.id, "site": "RXX01"}
    manager = browser(app, cast.manager)

    own = manager.get("/api/v1/gates", params=ask | {"threshold": "pneumonia=0.4"}).json()
    plain = manager.get("/api/v1/gates", params=ask).json()
    wrong = manager.get("/api/v1/gates", params=ask | {"threshold": "fracture=0.4"})

    assert all(gate["met"] for gate in own["gates"])
    assert [gate["name"] for gate in plain["gates"] if not gate["met"]] == ["dcb0160", "local_test"]
    assert wrong.status_code == 422


def test_what_stands_on_stale_signatures_is_listed_with_since_when_why_and_who(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    with parts.database.write() as session:
        deployment = go_live(session, parts.objects, cast)
        other = create_version(session, cast, "2.0.0")
        place_deployment(session, other, cast.site.id, Mode.SHADOW)
    officer = browser(app, cast.site_officer)
    assert officer.get("/api/v1/safety/stale").json()["items"] == []
    with parts.database.write() as session:
        staleness.runtime_changed(session, SETUP, "onnxruntime is 2 now")

    items = officer.get("/api/v1/safety/stale").json()["items"]

    assert [(one["deployment_id"], one["gate"]["name"]) for one in items] == [
        (deployment.id, "dcb0160"),
        (deployment.id, "local_test"),
    ]
    assert items[0]["gate"]["why"] == "stale: onnxruntime is 2 now"
    assert items[0]["gate"]["stale_at"]
    assert items[0]["gate"]["who"] == "the site's clinical safety officer"


def test_a_supplier_is_told_of_its_own_stale_case_only(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        cast = create_cast(session)
        go_live(session, objects, cast)
        change = Change.INTENDED_USE
        staleness.mark_stale(session, SETUP, change=change, reason="children too")

        def seen(actor: Actor) -> list[str]:
            return [one.gate.name for one in stale_in_use(session, actor, GATES)]

        assert seen(cast.manager) == ["safety_case", "dcb0160", "local_test"]
        assert seen(cast.submitter) == ["safety_case"]
