"""Deployments, reviews and stops as people see and use them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from factories import packages
from factories.deployments import GATES, deploy, go_live, request
from factories.identity import PASSWORD, create_person, create_site
from factories.safety import Cast, create_cast, create_version, sign_everything
from factories.stops import ask_lift, order_stop
from factories.web import browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from model_registry.deployments.models import ChangeState, Deployment, DeploymentChange, Mode
from model_registry.stops import pages as stops_pages
from model_registry.stops.models import Scope, StopOrder
from model_registry.versions import contents
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion
from vigil.app.pages import deployment as deployment_page
from vigil.app.pages import deployments, models, overview, reviews
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

WHY = "it did well for six weeks"


@dataclass(frozen=True)
class World:
    cast: Cast
    live: Deployment
    candidate: Deployment
    change: DeploymentChange


@pytest.fixture
def world(parts: Parts) -> World:
    with parts.database.write() as session:
        cast = create_cast(session)
        live = go_live(session, parts.objects, cast, "1.0.0")
        version = create_version(session, cast, "2.0.0")
        sign_everything(session, parts.objects, cast, version)
        for one in (session.get_one(ModelVersion, live.version_id), version):
            handover = Handover.of(packages.archive(version=one.version))
            handover.store(parts.objects)
            contents.keep(session, one, handover)
        candidate = deploy(session, cast, version)
        change = request(session, cast.manager, candidate).change
        return World(cast, live, candidate, change)


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    domains = {"app": "vigil.app", "stops": "model_registry.stops"}
    routers = (
        overview.router,
        models.router,
        deployments.router,
        deployment_page.router,
        reviews.router,
        stops_pages.router,
    )
    made = create_web(parts, *routers, domains=domains)
    made.state.gates = GATES
    return made


def text(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def mode(parts: Parts, deployment: Deployment) -> Mode:
    with parts.database.read() as session:
        return session.get_one(Deployment, deployment.id).mode


def test_reviews_say_whose_turn_it_is_and_the_ones_own_come_first(
    app: FastAPI, world: World
) -> None:
    officer = text(browser(app, world.cast.site_officer), "/reviews")
    manager = text(browser(app, world.cast.manager), "/reviews")

    path = f"/reviews/{world.change.id}"
    assert officer.index("For you to agree") < officer.index(path) < officer.index("Waiting for")
    assert "Nothing waits for you." in manager
    assert "A clinical safety officer of the site, other than" in manager
    assert path in text(browser(app, world.cast.site_officer), "/")


def test_a_review_shows_evidence_difference_people_and_thresholds(
    app: FastAPI, world: World
) -> None:
    page = text(browser(app, world.cast.site_officer), f"/reviews/{world.change.id}")

    assert "linear-three 1.0.0 at Site RXX01 is live now and would be replaced" in page
    assert "model.version" in page
    assert "DCB0160" in page
    assert "Network manager" in page
    assert "Still needed" in page
    assert 'type="password"' in page
    manager = text(browser(app, world.cast.manager), f"/reviews/{world.change.id}")
    assert "Withdraw this proposal" in manager
    assert "Reject this proposal" in page


def test_a_review_whose_packages_cannot_be_read_says_so_and_shows_the_rest(
    app: FastAPI, world: World, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "objects")
    page = text(browser(app, world.cast.site_officer), f"/reviews/{world.change.id}")
    assert "cannot be compared" in page
    assert "Sign and agree" in page


def test_agreeing_takes_the_password_and_a_reason_and_then_swaps(
    app: FastAPI, world: World, parts: Parts
) -> None:
    officer, path = browser(app, world.cast.site_officer), f"/reviews/{world.change.id}/agree"

    wrong = officer.post(path, data={"password": "wrong", "reason": "looked at it"})
    assert wrong.status_code == 422
    assert "not your password" in wrong.text
    assert "looked at it" in wrong.text
    assert officer.post(path, data={"password": PASSWORD, "reason": " "}).status_code == 422
    assert mode(parts, world.candidate) is Mode.SHADOW

    done = officer.post(path, data={"password": PASSWORD, "reason": "looked at it"})

    assert done.headers["Location"] == f"/deployments/{world.candidate.id}"
    assert (mode(parts, world.candidate), mode(parts, world.live)) == (Mode.LIVE, Mode.RETIRED)
    closed = text(officer, f"/reviews/{world.change.id}")
    assert "It was applied." in closed
    assert "looked at it" in closed
    again = officer.post(path, data={"password": PASSWORD, "reason": "again"})
    assert again.status_code == 409
    assert "It was applied by" in again.text


def test_a_proposal_is_rejected_with_a_reason(app: FastAPI, world: World, parts: Parts) -> None:
    officer = browser(app, world.cast.site_officer)
    path = f"/reviews/{world.change.id}/withdraw"
    assert officer.post(path, data={"reason": "not before the audit"}).status_code == 303
    with parts.database.read() as session:
        closed = session.get_one(DeploymentChange, world.change.id)
    assert (closed.state, closed.closed_by) == (ChangeState.WITHDRAWN, world.cast.site_officer.id)
    page = text(browser(app, world.cast.manager), f"/reviews/{world.change.id}")
    assert "not before the audit" in page


def test_a_deployment_shows_its_gates_history_and_forms_to_who_may(
    app: FastAPI, world: World
) -> None:
    path = f"/deployments/{world.live.id}"
    manager = text(browser(app, world.cast.manager), path)
    officer = text(browser(app, world.cast.site_officer), path)
    supplier = text(browser(app, world.cast.submitter), path)

    assert "Ask for this change" in manager
    assert 'name="threshold.pneumonia"' in manager
    assert "Ask for this change" not in officer
    assert "Fall back to shadow" in officer
    for form in ("Ask for this change", "Suspend this", "Fall back to"):
        assert form not in supplier
    assert "a signed DCB0129 safety case" in supplier


def test_a_change_is_asked_for_and_a_stale_page_is_refused(
    app: FastAPI, world: World, parts: Parts
) -> None:
    manager = browser(app, world.cast.manager)
    path = f"/deployments/{world.candidate.id}/changes"
    form = {"to_mode": "canary", "share": "5", "revision": "1", "reason": WHY,
            "threshold.pneumonia": "0.7"}  # fmt: skip

    asked = manager.post(path, data=form)
    assert asked.status_code == 303
    with parts.database.read() as session:
        change = session.get_one(DeploymentChange, asked.headers["Location"].rpartition("/")[2])
    assert (change.to_mode, change.to_share) == (Mode.CANARY, 5)
    assert change.to_thresholds == {"pneumonia": 0.7}

    stale = manager.post(path, data=form | {"revision": "7"})
    assert stale.status_code == 412
    assert "Somebody changed this deployment" in stale.text


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("to_mode", "", "Choose what it becomes"),
        ("share", "100", "Give a percentage from 1 to 99"),
        ("share", "many", "not a whole number"),
        ("reason", " ", "Say why"),
        ("threshold.pneumonia", "low", "Give a number"),
        ("threshold.pneumonia", "7", "Give a probability"),
    ],
)
def test_a_bad_field_is_named_and_what_was_typed_stays(
    app: FastAPI, world: World, parts: Parts, field: str, value: str, says: str
) -> None:
    form = {"to_mode": "canary", "share": "5", "revision": "1", "reason": WHY} | {field: value}
    path = f"/deployments/{world.candidate.id}/changes"
    answer = browser(app, world.cast.manager).post(path, data=form)

    assert answer.status_code == 422
    assert says in answer.text
    assert field == "reason" or WHY in answer.text
    with parts.database.read() as session:
        assert len(session.exec(select(DeploymentChange)).all()) == 2


def test_one_button_falls_back_and_another_asks_for_the_version_before(
    app: FastAPI, world: World, parts: Parts
) -> None:
    officer, manager = browser(app, world.cast.site_officer), browser(app, world.cast.manager)
    agree = {"password": PASSWORD, "reason": "agreed"}
    officer.post(f"/reviews/{world.change.id}/agree", data=agree)
    assert "Ask to go back to 1.0.0" in text(manager, f"/deployments/{world.candidate.id}")

    asked = manager.post(f"/deployments/{world.candidate.id}/rollback", data={"reason": "worse"})
    officer.post(f"{asked.headers['Location']}/agree", data=agree)
    assert (mode(parts, world.live), mode(parts, world.candidate)) == (Mode.LIVE, Mode.SHADOW)

    officer.post(f"/deployments/{world.live.id}/fall-back", data={"reason": "odd"})
    assert mode(parts, world.live) is Mode.SHADOW


def test_deployments_are_listed_filtered_and_downloaded(app: FastAPI, world: World) -> None:
    officer = browser(app, world.cast.site_officer)
    live = text(officer, "/deployments?mode=live")
    assert world.live.id in live
    assert world.candidate.id not in live
    assert world.live.id in text(officer, f"/deployments?site=RXX01&model={world.live.model_id}")
    assert "No deployment matches." in text(officer, "/deployments?model=none")
    table = text(officer, "/deployments.csv?mode=live").splitlines()
    assert table[0].startswith("id,site,model,version,mode")
    assert len(table) == 2
    assert "Every gate is met" in text(officer, "/deployments/rules")


def test_a_version_is_put_in_shadow_from_its_page(app: FastAPI, world: World, parts: Parts) -> None:
    with parts.database.write() as session:
        version = create_version(session, world.cast, "3.0.0")
    manager = browser(app, world.cast.manager)
    assert "Run it in shadow" in text(manager, f"/deployments/new?version={version.id}")
    form = {"version": version.id, "site": "RXX01", "reason": "to be compared"}
    done = manager.post("/deployments", data=form)
    assert "Shadow" in text(manager, done.headers["Location"])


def test_a_stop_is_ordered_after_a_page_that_says_what_it_stops(
    app: FastAPI, world: World, parts: Parts
) -> None:
    manager = browser(app, world.cast.manager)
    form = text(manager, "/stops/new?target=supplier:ACME")
    assert '<option value="supplier:ACME" selected>' in form
    nothing = manager.post("/stops/check", data={"target": "", "reason": ""})
    assert nothing.status_code == 422
    assert "Choose a site, a model or a supplier" in nothing.text

    order = {"target": "site:RXX01", "reason": "odd since the update"}
    check = manager.post("/stops/check", data=order)
    assert "2 deployments run" in check.text
    with parts.database.read() as session:
        assert session.exec(select(StopOrder)).all() == []
    done = manager.post("/stops", data=order)
    page = text(manager, done.headers["Location"])
    assert "Site RXX01 is stopped" in page
    for path in ("/", "/stops"):
        assert "odd since the update" in text(browser(app, world.cast.site_officer), path)
    assert "Stopped." in text(manager, f"/deployments/{world.live.id}")


def test_a_stop_is_lifted_on_its_page_by_two_people(
    app: FastAPI, world: World, parts: Parts
) -> None:
    with parts.database.write() as session:
        stop = order_stop(session, world.cast.manager, Scope.MODEL)
    manager, officer = browser(app, world.cast.manager), browser(app, world.cast.network_officer)
    path = f"/stops/{stop.id}"
    assert "Ask to lift this stop" in text(manager, path)
    manager.post(f"{path}/lift-request", data={"reason": "cause found"})
    assert "Agree: lift this stop" not in text(manager, path)
    assert manager.post(f"{path}/lift", data={"reason": "me too"}).status_code == 403
    assert "Agree: lift this stop" in text(officer, path)
    officer.post(f"{path}/keep", data={"reason": "not yet"})
    with parts.database.write() as session:
        ask_lift(session, world.cast.manager, session.get_one(StopOrder, stop.id))
    officer.post(f"{path}/lift", data={"reason": "tested"})
    assert "Lifted" in text(officer, path)
    assert "Nothing is stopped." in text(officer, "/stops")


def test_a_person_of_a_site_can_choose_that_site_only(
    app: FastAPI, world: World, parts: Parts
) -> None:
    with parts.database.write() as session:
        create_site(session, "RYY01")
        operator: Actor = create_person(session, "RXX", Role.OPERATOR)
    page = text(browser(app, operator), "/stops/new")
    assert "site:RXX01" in page
    for other in ("site:RYY01", "model:", "supplier:"):
        assert f'value="{other}' not in page
