"""A network in which everything happened once: every table has a row, of each of two parties."""

from dataclasses import dataclass
from datetime import timedelta

from factories.identity import SETUP, create_organisation, create_person, create_site
from factories.nodes import create_node
from factories.results import keep_result
from factories.runs import Finished, create_run
from factories.surveillance import Place, many_runs, reference_cases
from factories.versions import create_version

from inference.associations.models import Association
from inference.decisions import service as decisions
from inference.decisions.models import DecisionSource
from inference.delivery import service as deliveries
from inference.delivery.models import Delivery, DeliveryAttempt
from inference.node.models import Quarantine
from inference.routing.models import RoutingDecision
from model_registry.admission.models import AdmissionCheck
from model_registry.deployments import service as deployments
from model_registry.deployments.models import DeploymentChange, DeploymentPeriod, Mode
from model_registry.nodes.models import Node
from model_registry.safety import service as safety
from model_registry.safety.models import Acceptance, AcceptanceKind, SafetyCase
from model_registry.versions.models import ModelVersion, VersionStatus
from surveillance.alerts.models import Alert
from surveillance.records import baseline
from surveillance.records import service as records
from surveillance.references.models import Reference
from surveillance.references.service import Baseline
from surveillance.reports import service as reports
from surveillance.reports.models import Report
from surveillance.streams.evaluation import evaluate
from transparency_cards.cards import service as cards
from transparency_cards.cards.models import Card
from vigil.app.wiring import GATES
from vigil.kernel.db import WriteSession
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import ApiToken, Organisation, OrganisationKind, Site, User
from vigil.kernel.identity.roles import Permission, Role
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts

FINDING = "pneumonia"
DAYS, PER_DAY = 20, 12


@dataclass(frozen=True)
class Network:
    """Who acts for everybody."""

    manager: Actor
    officer: Actor


@dataclass(frozen=True)
class Party:
    """A supplier, a hospital that uses its model, their people, and one row of everything."""

    site: Site
    supplier: Organisation
    seller: Actor
    reader: Actor
    officer: Actor
    version: ModelVersion
    done: Finished
    node: Node
    case: SafetyCase
    acceptance: Acceptance
    change: DeploymentChange
    card: Card
    delivery: Delivery
    reference: Reference
    alert: Alert
    report: Report
    token: ApiToken


def create_network(session: WriteSession) -> Network:
    create_organisation(session, "NET", OrganisationKind.NETWORK)
    return Network(
        manager=create_person(session, "NET", Role.NETWORK_MANAGER),
        officer=create_person(session, "NET", Role.CSO),
    )


def create_party(parts: Parts, network: Network, supplier: str, site_code: str) -> Party:
    """Play the loop once for a supplier and a site, through the services where they are quick."""
    with parts.database.write() as session:
        site = create_site(session, site_code)
        sold_by = create_organisation(session, supplier, OrganisationKind.SUPPLIER)
        seller = create_person(session, supplier, Role.SUPPLIER)
        reader = create_person(session, site_code[:3], Role.READER)
        officer = create_person(session, site_code[:3], Role.CSO)
        node = create_node(session, site.id, f"AE{site_code}", is_destination=True)
        version = _checked(session, parts, supplier)
        card = cards.publish(
            session, seller, parts.objects, version_id=version.id, reason="for the register"
        )
        case = _signed_case(session, parts, seller, network.officer, version)
        acceptance = _acceptance(session, parts, officer, site, version)
        done = create_run(session, local(parts), site.id, supplier=supplier)
        change = _change(session, network, done)
        _arrival(session, done)
        _decision(session, parts, reader, done)
        token = _token(session, reader)
    delivery = _delivery(parts, done)
    reference, alert, report = _watch(parts, network, sold_by, done)
    return Party(
        site, sold_by, seller, reader, officer, version, done, node, case, acceptance, change, card,
        delivery, reference, alert, report, token,
    )  # fmt: skip


def local(parts: Parts) -> LocalObjectStore:
    assert isinstance(parts.objects, LocalObjectStore)
    return parts.objects


def _checked(session: WriteSession, parts: Parts, supplier: str) -> ModelVersion:
    version = create_version(session, parts.objects, supplier)
    version.status = VersionStatus.CHECKED
    check = AdmissionCheck(
        id=session.new_id("adm"),
        version_id=version.id,
        name="archive",
        passed=True,
        evidence="6 files",
        seconds=0.1,
        at=session.now(),
    )
    session.add_all([version, check])
    session.flush()
    return version


def _signed_case(
    session: WriteSession, parts: Parts, seller: Actor, officer: Actor, version: ModelVersion
) -> SafetyCase:
    case = safety.submit_case(
        session,
        seller,
        parts.objects,
        version_id=version.id,
        title="Clinical safety case report",
        content=f"case of {version.id}".encode(),
        reason="first issue",
    )
    return safety.sign_case(session, officer, case_id=case.id, reason="hazards reviewed")


def _acceptance(
    session: WriteSession, parts: Parts, officer: Actor, site: Site, version: ModelVersion
) -> Acceptance:
    return safety.draft_acceptance(
        session,
        officer,
        parts.objects,
        kind=AcceptanceKind.DCB0160,
        version_id=version.id,
        site_id=site.id,
        thresholds={},
        content=f"judgement of {site.id}".encode(),
        passed=True,
        reason="shadow period reviewed",
    )


def _change(session: WriteSession, network: Network, done: Finished) -> DeploymentChange:
    """Propose something that still needs somebody."""
    at = done.deployment
    period = DeploymentPeriod(
        id=session.new_id("per"),
        deployment_id=at.id,
        revision=at.revision,
        model_id=at.model_id,
        version_id=at.version_id,
        site_id=at.site_id,
        mode=at.mode,
        share=at.share,
        thresholds={},
        from_at=session.now(),
        by=network.manager.id,
        reason="for a test",
    )
    session.add(period)
    session.flush()
    outcome = deployments.request_change(
        session,
        network.manager,
        GATES,
        deployment_id=at.id,
        to_mode=Mode.LIVE,
        share=100,
        thresholds={FINDING: 0.7},
        replaced_becomes=Mode.RETIRED,
        reason="the site's own threshold",
    )
    return outcome.change


def _arrival(session: WriteSession, done: Finished) -> None:
    run = done.run
    association = Association(
        id=session.new_id("asc"),
        site_id=run.site_id,
        calling_ae="MODALITY",
        called_ae="VIGIL",
        peer_host="127.0.0.1",
        receiver="test",
        opened_at=session.now(),
    )
    session.add(association)
    session.flush()
    quarantined = Quarantine(
        id=session.new_id("qua"),
        site_id=run.site_id,
        association_id=association.id,
        object_digest="0" * 64,
        status=0xC000,
        reason="not readable",
        received_at=session.now(),
    )
    decided = RoutingDecision(
        id=session.new_id("rdc"),
        study_id=run.study_id,
        study_revision=1,
        site_id=run.site_id,
        routing_revision_id=run.routing_revision_id,
        rule="chest to the model",
        deployment_id=run.deployment_id,
        sent=True,
        reason="an instance has modality = CR",
        decided_at=session.now(),
    )
    session.add_all([quarantined, decided])
    session.flush()


def _decision(session: WriteSession, parts: Parts, reader: Actor, done: Finished) -> None:
    decisions.decide(
        session,
        reader,
        parts,
        finding_id=done.findings[0].id,
        present=True,
        source=DecisionSource.API,
        reader_pseudonym=decisions.pseudonym_of(parts.keys, reader.id),
    )


def _token(session: WriteSession, reader: Actor) -> ApiToken:
    user = session.get_one(User, reader.id)
    token, _ = identity.issue_token(
        session,
        reader,
        email=user.email,
        name="export",
        scopes=[Permission.STUDY_READ],
        life=timedelta(days=1),
    )
    return token


def _delivery(parts: Parts, done: Finished) -> Delivery:
    result = keep_result(parts, done.run)
    with parts.database.write() as session:
        planned = deliveries.plan(session, SETUP, parts, done.run.id, [result])[0]
        attempt = DeliveryAttempt(
            id=session.new_id("att"),
            delivery_id=planned.id,
            number=1,
            at=session.now(),
            error="refused",
        )
        session.add(attempt)
        session.flush()
    return planned


def _watch(
    parts: Parts, network: Network, supplier: Organisation, done: Finished
) -> tuple[Reference, Alert, Report]:
    """Weeks in which readers overruled the model more and more often."""
    run, at = done.run, done.deployment
    place = Place(run.version_id, at.model_id, supplier.id, run.site_id, at.id)
    with parts.database.write() as session:
        today = session.now().date()
        start = today - timedelta(days=DAYS - 1)
        reference = baseline.set_from_cases(
            session,
            network.officer,
            parts.objects,
            version_id=run.version_id,
            site_id=run.site_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            baseline=Baseline(decided=2000, overridden=80),
            effective_from=start,
        )
        records.record_runs(
            session,
            parts.keys,
            many_runs(place, days=DAYS, per_day=PER_DAY, start=start, override_rate=0.35),
        )
        _, raised = evaluate(session, network.officer, parts.events, day=today)
        report = reports.request(
            session,
            network.officer,
            parts.queue,
            version_id=run.version_id,
            site_id=run.site_id,
            finding_key=FINDING,
            from_day=start,
            to_day=today,
        )
        made = {
            "state": "ready",
            "verdict": "Scores moved a little.",
            "html_digest": parts.objects.put(f"<html>{report.id}</html>".encode()),
        }
        reports.keep(session, network.officer, report.id, made)
    return reference, raised[0], report
