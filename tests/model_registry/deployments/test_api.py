import pytest
from conftest import FakeClock
from factories.deployments import GATES, CardGate, go_live
from factories.identity import create_organisation, create_person
from factories.safety import Cast, create_cast, create_version, sign_everything
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI

from model_registry.deployments.api import router
from model_registry.deployments.models import Mode
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

PATH = "/api/v1/deployments"


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    app = create_web(parts, router)
    app.state.gates = GATES
    return app


@pytest.fixture
def cast(parts: Parts) -> Cast:
    with parts.database.write() as session:
        return create_cast(session)


def _deployed(app: FastAPI, parts: Parts, cast: Cast) -> str:
    with parts.database.write() as session:
        version = create_version(session, cast)
        sign_everything(session, parts.objects, cast, version)
    body = {"version_id": version.id, "site": "RXX01", "reason": "try it"}
    answer = browser(app, cast.manager).post(PATH, json=body)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{PATH}/{answer.json()['id']}"
    return str(answer.json()["id"])


def test_a_version_is_deployed_requested_approved_and_suspended(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    deployment_id = _deployed(app, parts, cast)
    manager, officer = browser(app, cast.manager), browser(app, cast.site_officer)

    proposal = {"to_mode": "live", "reason": "it did well"}
    proposed = manager.post(f"{PATH}/{deployment_id}/changes", json=proposal)
    assert proposed.status_code == 201
    assert "second person" in proposed.json()["missing"][0]["what"]
    shown = officer.get(f"{PATH}/{deployment_id}").json()
    assert shown["open_changes"][0]["missing"] == proposed.json()["missing"]

    change_id = proposed.json()["change"]["id"]
    agreed = officer.post(f"{PATH}/changes/{change_id}/approve", json={"reason": "agreed"})
    assert (agreed.json()["missing"], agreed.json()["deployment"]["mode"]) == ([], "live")

    stopped = officer.post(f"{PATH}/{deployment_id}/suspend", json={"reason": "odd"})
    assert stopped.json()["mode"] == "suspended"
    assert [p["mode"] for p in officer.get(f"{PATH}/{deployment_id}").json()["history"]] == [
        "shadow",
        "live",
        "suspended",
    ]


def test_without_gates_set_by_the_wiring_nothing_goes_live(
    app: FastAPI, parts: Parts, cast: Cast
) -> None:
    deployment_id = _deployed(app, parts, cast)
    del app.state.gates
    answer = browser(app, cast.manager).post(
        f"{PATH}/{deployment_id}/changes", json={"to_mode": "live", "reason": "try"}
    )
    assert answer.status_code == 500


def test_an_unpublished_card_is_named_as_missing(app: FastAPI, parts: Parts, cast: Cast) -> None:
    app.state.gates = (CardGate(published=False),)
    deployment_id = _deployed(app, parts, cast)
    answer = browser(app, cast.manager).post(
        f"{PATH}/{deployment_id}/changes", json={"to_mode": "live", "reason": "try"}
    )
    assert {"what": "a published card", "who": "the supplier"} in answer.json()["missing"]


def test_history_says_what_was_live_at_a_site(
    app: FastAPI, parts: Parts, cast: Cast, clock: FakeClock
) -> None:
    with parts.database.write() as session:
        live = go_live(session, parts.objects, cast)
    asked = {"site": "RXX01", "at": clock.now.isoformat()}
    answer = browser(app, cast.site_officer).get(f"{PATH}/history", params=asked)
    assert [period["deployment_id"] for period in answer.json()["items"]] == [live.id]
    no_offset = {"site": "RXX01", "at": "2026-11-21T10:00:00"}
    assert (
        browser(app, cast.site_officer).get(f"{PATH}/history", params=no_offset).status_code == 422
    )


def test_a_list_goes_on_where_it_was_cut(
    app: FastAPI, parts: Parts, cast: Cast, clock: FakeClock
) -> None:
    ids = []
    for label in ("1.0.0", "2.0.0"):
        clock.advance(1)
        with parts.database.write() as session:
            ids.append(go_live(session, parts.objects, cast, label).id)
    manager = browser(app, cast.manager)
    first = manager.get(PATH, params={"limit": 1}).json()
    second = manager.get(PATH, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [item["id"] for item in (*first["items"], *second["items"])] == ids[::-1]
    assert second["next_cursor"] is None


def test_strangers_are_told_that_there_is_nothing(app: FastAPI, parts: Parts, cast: Cast) -> None:
    deployment_id = _deployed(app, parts, cast)
    with parts.database.write() as session:
        create_organisation(session, "OTH", OrganisationKind.SUPPLIER)
        stranger: Actor = create_person(session, "OTH", Role.SUPPLIER)

    assert anonymous(app).get(PATH).status_code == 401
    assert browser(app, stranger).get(PATH).json()["items"] == []
    assert browser(app, stranger).get(f"{PATH}/{deployment_id}").status_code == 404
    assert browser(app, stranger).get(PATH, params={"site": "RXX01"}).status_code == 404
    own = browser(app, cast.submitter).get(f"{PATH}/{deployment_id}")
    assert own.json()["deployment"]["mode"] == Mode.SHADOW


@pytest.mark.parametrize("misspelt", [{"seen_revison": 99}, {"threshold": {"pneumonia": 0.5}}])
def test_a_misspelt_field_is_told_and_nothing_is_proposed(
    app: FastAPI, parts: Parts, cast: Cast, misspelt: dict[str, object]
) -> None:
    deployment_id = _deployed(app, parts, cast)
    body = {"to_mode": "live", "reason": "it did well", **misspelt}
    manager = browser(app, cast.manager)
    answer = manager.post(f"{PATH}/{deployment_id}/changes", json=body)
    assert answer.status_code == 422
    assert next(iter(misspelt)) in answer.text
    assert manager.get(f"{PATH}/{deployment_id}").json()["open_changes"] == []
