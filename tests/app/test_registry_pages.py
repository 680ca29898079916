"""The registry's pages: approving, naming, comparing, and what was live where."""

import csv
import io
from dataclasses import dataclass

import pytest
from conftest import FakeClock
from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.versions import create_approved_version, create_checked_version
from factories.web import browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from model_registry.admission import service as admission
from model_registry.admission.verdict import Verdict
from model_registry.deployments import service as deployments
from model_registry.safety import service as safety
from model_registry.versions import service as versions
from model_registry.versions.models import ModelVersion, VersionStatus
from transparency_cards.cards import service as cards
from vigil.app import lineage
from vigil.app.pages import compare, history, models
from vigil.app.pages import versions as version_pages
from vigil.app.wiring import GATES, VERSION_GATES
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind, Site
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

REASON = {"reason": "agreed at the board"}


@dataclass(frozen=True)
class World:
    """Two versions of a model, the second checked only, and who has to do with them."""

    site: Site
    old: ModelVersion
    new: ModelVersion
    manager: Actor
    officer: Actor
    supplier: Actor
    reader: Actor

    @property
    def model(self) -> str:
        return f"/models/{self.old.model_id}"

    @property
    def version(self) -> str:
        return f"{self.model}/versions/{self.new.id}"

    @property
    def comparison(self) -> str:
        return f"{self.model}/compare?before={self.old.id}&after={self.new.id}"


@pytest.fixture
def world(parts: Parts, clock: FakeClock) -> World:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        site = create_site(session)
        old = create_approved_version(session, parts.objects)
        clock.advance(3600)
        new = create_checked_version(session, parts.objects, version="2.0.0")
        return World(
            site,
            old,
            new,
            create_person(session, "NET", Role.NETWORK_MANAGER),
            create_person(session, "NET", Role.CSO),
            create_person(session, "ACME", Role.SUPPLIER),
            create_person(session, "RXX", Role.READER),
        )


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    routers = (
        models.router,
        version_pages.router,
        compare.router,
        history.router,
        lineage.router,
    )
    made = create_web(
        parts, *routers, domains={"app": "vigil.app", "stops": "model_registry.stops"}
    )
    made.state.gates, made.state.version_gates = GATES, VERSION_GATES
    return made


def text(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def evidence(parts: Parts, world: World) -> None:
    with parts.database.write() as session:
        case = safety.submit_case(
            session,
            world.supplier,
            parts.objects,
            version_id=world.new.id,
            title="Case",
            content=b"case",
            reason="first issue",
        )
        safety.sign_case(session, world.officer, case_id=case.id, reason="reviewed")
        cards.publish(
            session, world.supplier, parts.objects, version_id=world.new.id, reason="ready"
        )


def test_a_version_is_approved_once_nothing_is_missing(
    app: FastAPI, parts: Parts, world: World
) -> None:
    manager = browser(app, world.manager)
    assert "You can approve it once nothing is missing" in text(manager, world.version)
    assert manager.post(f"{world.version}/approve", data=REASON).status_code == 409

    evidence(parts, world)
    assert "Approve for the network" in text(manager, world.version)
    assert "Approve for the network" not in text(browser(app, world.supplier), world.version)
    done = manager.post(f"{world.version}/approve", data=REASON)

    assert (done.status_code, done.headers["Location"]) == (303, world.version)
    page = text(manager, world.version)
    assert "agreed at the board" in page
    assert "Approve for the network" not in page


def test_a_manager_names_a_version_and_is_told_when_somebody_was_faster(
    app: FastAPI, world: World
) -> None:
    manager = browser(app, world.manager)
    form = {"name": "champion", "version_id": world.old.id, "seen": models.NOTHING, **REASON}
    assert "Make it the champion" in text(manager, world.version)
    assert "Make it the champion" not in text(browser(app, world.reader), world.version)

    assert manager.post(f"{world.model}/aliases", data=form).status_code == 303
    late = manager.post(f"{world.model}/aliases", data={**form, "version_id": world.new.id})

    assert late.status_code == 409
    assert "champion" in text(manager, world.model)
    assert "1.0.0" in text(manager, "/models")
    cleared = manager.post(f"{world.model}/aliases/champion/clear", data=REASON)
    assert cleared.status_code == 303
    assert "No name stands for a version yet" in text(manager, world.model)


def test_two_versions_are_laid_side_by_side(app: FastAPI, world: World) -> None:
    page = text(browser(app, world.manager), world.comparison)

    assert "Identical: the same model.onnx, byte for byte" in page
    assert "model.version" in page
    assert "auroc" in page
    assert "Neither version has run" in page
    assert "What was seen at your sites" not in text(browser(app, world.reader), world.comparison)


def test_a_version_of_another_model_is_not_compared(
    app: FastAPI, parts: Parts, world: World
) -> None:
    with parts.database.write() as session:
        other = create_approved_version(session, parts.objects, name="other-model")
    path = f"{world.model}/compare?before={world.old.id}&after={other.id}"
    assert browser(app, world.manager).get(path).status_code == 404


def test_history_tells_how_it_stood_on_a_day(
    app: FastAPI, parts: Parts, world: World, clock: FakeClock
) -> None:
    with parts.database.write() as session:
        found = deployments.deploy(
            session,
            world.manager,
            version_id=world.old.id,
            site_id=world.site.id,
            reason="=look first",
        )
    clock.advance(3 * 24 * 3600)
    reader, path = browser(app, world.reader), f"{world.model}/history"

    then, before = text(reader, f"{path}?on=2026-11-22"), text(reader, f"{path}?on=2026-11-01")
    listed = text(reader, f"{path}?since=2026-11-22")

    assert "In use then" in then
    assert world.site.name in then
    assert "Network manager, usr …" in then
    assert "It was not in use" in before
    assert "Nothing was done in this time" in listed
    assert reader.get(f"{path}?on=yesterday").status_code == 422
    assert reader.get(f"{path}?site=RYY01").status_code == 404
    answer = reader.get(f"{path}.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv")
    assert {(row["what"], row["site"], row["reason"]) for row in rows if row["site"]} == {
        ("shadow", world.site.ods_code, "'=look first")
    }
    assert found.version_id == world.old.id


def test_lineage_names_neighbours_digests_and_what_refers_to_it(
    app: FastAPI, parts: Parts, world: World
) -> None:
    evidence(parts, world)
    manager = browser(app, world.manager)
    path = f"/api/v1/versions/{world.new.id}/lineage"
    found = manager.get(path, headers={"Accept": "application/json"}).json()

    assert (found["predecessor_id"], found["successor_id"]) == (world.old.id, None)
    assert found["digests"]["Package"] == world.new.digest
    assert {"Weights", "Card", "Signed safety case", "Published card"} <= set(found["digests"])
    assert found["uses"] == {
        "deployments": 0,
        "runs": 0,
        "reports": 0,
        "acceptances": 0,
        "safety_cases": 1,
        "cards": 1,
    }
    supplier = browser(app, world.supplier)
    told = supplier.get(path, headers={"Accept": "application/json"}).json()["uses"]
    assert set(told) == {"deployments", "safety_cases", "cards"}


def test_the_supplier_withdraws_with_a_reason(app: FastAPI, parts: Parts, world: World) -> None:
    supplier = browser(app, world.supplier)
    assert "Withdraw this version" in text(supplier, world.version)
    assert "Withdraw this version" not in text(browser(app, world.reader), world.version)

    assert supplier.post(f"{world.version}/withdraw", data={"reason": ""}).status_code == 422
    assert supplier.post(f"{world.version}/withdraw", data=REASON).status_code == 303

    with parts.database.read() as session:
        found = versions.version(session, world.manager, world.new.id)
    assert found.status is VersionStatus.WITHDRAWN
    assert "Withdraw this version" not in text(supplier, world.version)


def test_models_are_filtered_by_a_form(app: FastAPI, world: World) -> None:
    reader = browser(app, world.reader)
    assert "Linear three" in text(reader, "/models?supplier=ACME&status=checked&text=linear")
    assert "No model fits." in text(reader, "/models?status=withdrawn")
    assert "Linear three" in text(reader, "/models?supplier=&status=&text=")


def test_a_refused_version_says_whether_it_may_be_checked_again(
    app: FastAPI, parts: Parts, world: World
) -> None:
    def refuse(*names: str) -> None:
        verdicts = [Verdict(name, passed=False, evidence="no", seconds=1) for name in names]
        with parts.database.write() as session:
            version = session.get_one(ModelVersion, world.new.id)
            admission.keep(session, SETUP, version=version, verdicts=verdicts)

    supplier = browser(app, world.supplier)
    assert "Check it again" not in supplier.get(world.version).text
    refuse("golden")
    page = supplier.get(world.version).text
    assert "The check golden asks for other bytes" in page
    assert "Check the same bytes again" not in page
    refuse("resources")
    assert "Check the same bytes again" in supplier.get(world.version).text
    assert "Check the same bytes again" not in browser(app, world.reader).get(world.version).text
    done = supplier.post(f"{world.version}/recheck", data={"reason": "the machine was busy"})
    assert (done.status_code, done.headers["Location"]) == (303, world.version)
    assert len(parts.queue.enqueued) == 1  # type: ignore[attr-defined]
