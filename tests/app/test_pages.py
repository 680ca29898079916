"""The screens that are made of several domains: what they say, and to whom."""

from dataclasses import dataclass

import pytest
from factories.deployments import place_deployment
from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.nodes import create_node
from factories.results import keep_result
from factories.runs import Finished, create_run
from factories.versions import create_checked_version
from factories.web import anonymous, browser, create_web
from fastapi import FastAPI
from fastapi.testclient import TestClient

from inference.delivery import service as deliveries
from inference.delivery.models import Delivery, DeliveryState
from inference.routing import service as routing
from inference.runs.models import Outcome, Run
from model_registry.deployments.models import Deployment, Mode
from model_registry.versions.models import ModelVersion
from transparency_cards.cards import service as cards
from vigil.app.pages import models, overview, studies, versions
from vigil.app.wiring import GATES, VERSION_GATES
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind, Site
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts


@dataclass(frozen=True)
class World:
    site: Site
    done: Finished
    version: ModelVersion
    deployment: Deployment
    reader: Actor
    officer: Actor
    supplier: Actor
    stranger: Actor

    @property
    def version_path(self) -> str:
        return f"/models/{self.version.model_id}/versions/{self.version.id}"


@pytest.fixture
def world(parts: Parts) -> World:
    with parts.database.write() as session:
        site = create_site(session)
        create_site(session, "RYY01")
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        version = create_checked_version(session, parts.objects, version="2.0.0")
        done = create_run(session, parts.objects, site.id)  # type: ignore[arg-type]
        routing.decide(session, done.study, [{"modality": "CR"}])
        return World(
            site,
            done,
            version,
            place_deployment(session, version, site.id),
            create_person(session, "RXX", Role.READER),
            create_person(session, "NET", Role.CSO),
            create_person(session, "ACME", Role.SUPPLIER),
            create_person(session, "RYY", Role.READER),
        )


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    made = create_web(
        parts,
        overview.router,
        models.router,
        versions.router,
        studies.router,
        domains={"app": "vigil.app", "stops": "model_registry.stops"},
    )
    made.state.gates = GATES
    made.state.version_gates = VERSION_GATES
    return made


def text(client: TestClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_the_first_page_tells_a_reader_how_each_of_their_sites_is_doing(
    app: FastAPI, world: World
) -> None:
    page = text(browser(app, world.reader), "/")

    assert world.site.name in page
    assert "Site RYY01" not in page
    assert "Alerts that are open" not in page


def test_failed_runs_and_dead_deliveries_are_counted_on_the_first_page(
    app: FastAPI, world: World, parts: Parts
) -> None:
    with parts.database.write() as session:
        create_node(session, world.site.id, "PACS", is_source=False, is_destination=True)
    result = keep_result(parts, world.done.run)
    with parts.database.write() as session:
        [delivery] = deliveries.plan(session, SETUP, parts, world.done.run.id, [result])
        dead = session.get_one(Delivery, delivery.id)
        dead.state = DeliveryState.DEAD
        failed = session.get_one(Run, world.done.run.id)
        failed.outcome, failed.reason = Outcome.FAILED, "no"
        session.add_all([dead, failed])
    session_of_reader = browser(app, world.reader)

    page = text(session_of_reader, "/")

    with parts.database.read() as session:
        [line] = overview._lines(session, world.reader)
    assert (line.studies, line.failed, line.undelivered) == (1, 1, 1)
    assert world.site.name in page


def test_the_first_page_of_a_supplier_names_no_site(app: FastAPI, world: World) -> None:
    page = text(browser(app, world.supplier), "/")

    assert "where they are used are under" in page
    assert world.site.name not in page


def test_an_officer_sees_that_no_alert_is_open(app: FastAPI, world: World) -> None:
    assert "No alert is open." in text(browser(app, world.officer), "/")


def test_studies_are_listed_without_anything_of_a_patient(app: FastAPI, world: World) -> None:
    study, page = world.done.study, text(browser(app, world.reader), "/studies")

    assert f'href="/studies/{study.id}"' in page
    assert page.count("lists hold nothing of a patient") == 1
    for secret in (study.study_instance_uid, study.patient_pseudonym):
        assert secret not in page


def test_a_study_says_where_it_was_sent_and_why_not(app: FastAPI, world: World) -> None:
    page = text(browser(app, world.reader), f"/studies/{world.done.study.id}")

    assert "Not sent" in page
    assert f'href="/runs/{world.done.run.id}"' in page
    assert "The model gave a result" in page
    assert "It is not complete yet" in page
    assert world.done.study.patient_pseudonym not in page


def test_studies_are_for_those_of_the_site(app: FastAPI, world: World) -> None:
    stranger, path = browser(app, world.stranger), f"/studies/{world.done.study.id}"

    assert "No study has arrived yet." in text(stranger, "/studies")
    assert stranger.get(path).status_code == 404
    assert browser(app, world.supplier).get(path).status_code == 403
    assert anonymous(app).get(path, headers={"Accept": "text/html"}).status_code == 303


def test_a_version_says_what_it_lacks_to_be_live(app: FastAPI, world: World) -> None:
    page = text(browser(app, world.officer), world.version_path)

    assert world.version.digest in page
    assert "A published transparency card" in page
    assert "no card is in force" in page
    assert "The network&#39;s approval of this version" in page
    assert "Not published: no patient may be served" in page
    assert "Passed" in page
    assert world.site.name in page


def test_a_published_card_is_lacking_no_more(app: FastAPI, world: World, parts: Parts) -> None:
    with parts.database.write() as session:
        card = cards.publish(
            session, SETUP, parts.objects, version_id=world.version.id, reason="ready"
        )

    page = text(browser(app, world.officer), world.version_path)

    assert "no card is in force" not in page
    assert f'href="/register/{card.id}"' in page


def test_models_are_listed_with_their_newest_version(app: FastAPI, world: World) -> None:
    page = text(browser(app, world.officer), "/models")

    assert "/models/" in page
    assert "Organisation ACME" in page or "ACME" in page


def test_an_officer_suspends_with_a_reason_and_a_reader_cannot(
    app: FastAPI, world: World, parts: Parts
) -> None:
    path = f"/deployments/{world.deployment.id}/suspend"
    officer = browser(app, world.officer)

    assert "Suspend at" in text(officer, world.version_path)
    assert "Suspend at" not in text(browser(app, world.reader), world.version_path)
    assert browser(app, world.reader).post(path, data={"reason": "x"}).status_code == 403
    assert officer.post(path, data={"reason": " "}).status_code == 422
    done = officer.post(path, data={"reason": "overrides rose"})

    assert (done.status_code, done.headers["Location"]) == (303, world.version_path)
    with parts.database.read() as session:
        assert session.get_one(Deployment, world.deployment.id).mode is Mode.SUSPENDED
    assert "Suspend at" not in text(officer, world.version_path)
