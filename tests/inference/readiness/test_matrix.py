"""Twelve hospitals, different archives: who is ready for which model, and from what it is known."""

from datetime import timedelta

import sqlalchemy as sa
from conftest import FakeClock
from factories.deployments import place_deployment
from factories.identity import SETUP, create_organisation, create_site
from factories.nodes import create_node
from factories.readiness import answered, call, delivered, record, shadow_runs
from factories.results import keep_result
from factories.safety import accept, create_cast, create_version
from sqlalchemy import event

from inference.delivery import service as deliveries
from inference.readiness import repository, service
from inference.readiness.items import ItemKey
from inference.runs.models import Run, RunMode
from model_registry.deployments.models import Mode
from model_registry.safety.models import AcceptanceKind
from vigil.kernel.db import Database
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts


def test_each_proof_comes_from_its_own_rows(database: Database, objects: LocalObjectStore) -> None:
    with database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        site = create_site(session)
        archive = create_node(session, site.id, "PACS", is_source=False, is_destination=True)
        source = create_node(session, site.id, "CR1")
        answered(session, archive, ok=False)
        answered(session, archive)
        call(session, source, stored=3)
        call(session, source)
        facts = repository.node_facts(session, [site.id])[site.id]
    cr1, pacs = facts
    assert (pacs.ae_title, pacs.echo_at is not None, pacs.heard_at) == ("PACS", True, None)
    assert (cr1.ae_title, cr1.echo_at) == ("CR1", None)
    assert cr1.heard_at == cr1.study_at is not None


def test_another_site_s_call_under_the_same_title_proves_nothing(parts: Parts) -> None:
    with parts.database.write() as session:
        one, other = create_site(session), create_site(session, "RYY01")
        create_node(session, one.id, "CR1", is_destination=True)
        theirs = create_node(session, other.id, "CR1", is_source=False, is_destination=True)
        call(session, theirs, stored=1)
        [facts] = repository.node_facts(session, [one.id])[one.id]
    assert (facts.heard_at, facts.study_at) == (None, None)


def test_a_site_becomes_ready_step_by_step(parts: Parts) -> None:
    objects = parts.objects
    assert isinstance(objects, LocalObjectStore)
    with parts.database.write() as session:
        cast = create_cast(session)
        site = cast.site
        archive = create_node(session, site.id, "PACS", is_source=False, is_destination=True)
        source = create_node(session, site.id, "CR1")
        run = shadow_runs(session, objects, site.id)
        version = create_version(session, cast, name="judged")
        deployment = place_deployment(session, version, site.id)
        session.execute(sa.update(Run).values(deployment_id=deployment.id, version_id=version.id))

        def lacking() -> set[ItemKey]:
            facts = service.facts(
                session, cast.manager, site_ids=[site.id], model_id=version.model_id
            )
            return {item.key for item in facts.cells(site)[0].lacking}

        assert lacking() == set(ItemKey) - {ItemKey.SHADOW}
        answered(session, archive)
        call(session, source)
        assert ItemKey.TEST_STUDY in lacking()
        call(session, source, stored=1)
        for item in (ItemKey.DSPT, ItemKey.DTAC, ItemKey.DPIA, ItemKey.TRAINING):
            record(session, objects, item, site_id=site.id, model_id=version.model_id)
        for kind in AcceptanceKind:
            accept(session, objects, cast, version, kind)
        assert lacking() == {ItemKey.RESULT}
        run.mode = RunMode.LIVE
        deployment.mode = Mode.CANARY
        session.add_all([run, deployment])
    result = keep_result(parts, run)
    with parts.database.write() as session:
        [planned] = deliveries.plan(session, SETUP, parts, run.id, [result])
        delivered(session, planned)
        facts = service.facts(session, cast.manager, model_id=version.model_id)
        [cell] = facts.cells(site)
        # One run of the hundred was made live: the shadow period lacks it now.
        assert {item.key for item in cell.lacking} == {ItemKey.SHADOW}
        assert cell.words == "Canary, lacks 1"


def test_a_failed_or_stale_acceptance_is_none(parts: Parts) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        accept(session, parts.objects, cast, version, passed=False)
        assert repository.signed(session, [cast.site.id]) == set()


def test_the_version_that_is_meant_is_the_one_deployed_last(parts: Parts, clock: FakeClock) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        old = create_version(session, cast)
        place_deployment(session, old, cast.site.id, Mode.LIVE)
        new = create_version(session, cast, "2.0.0")
        facts = service.facts(session, cast.manager)
        [cell] = facts.cells(cast.site)
        assert (cell.version, cell.mode) == ("1.0.0", Mode.LIVE)
        clock.advance(1)
        place_deployment(session, new, cast.site.id)
        [cell] = service.facts(session, cast.manager).cells(cast.site)
        assert (cell.version, cell.mode) == ("2.0.0", Mode.LIVE)


def test_a_big_network_takes_a_handful_of_queries(parts: Parts) -> None:
    """Fifty sites beside twenty-five models: as many queries as one site beside one."""
    with parts.database.write() as session:
        cast = create_cast(session)
        versions = [create_version(session, cast, name=f"model-{n:02}") for n in range(25)]
        for number in range(11, 60):
            site = create_site(session, f"R{number}01")
            node = create_node(session, site.id, f"AE{number}", is_destination=True)
            answered(session, node)
            call(session, node, stored=1)
            for version in versions[:5]:
                place_deployment(session, version, site.id)
    asked: list[str] = []
    event.listen(parts.database.engine, "before_cursor_execute", lambda *a: asked.append(str(a[2])))
    with parts.database.read() as session:
        facts = service.facts(session, cast.manager)
        cells = [cell for site in facts.sites for cell in facts.cells(site)]

    assert len(cells) == 50 * 25
    assert len([text for text in asked if text.startswith("SELECT")]) <= 10


def test_a_shadow_period_is_counted_without_its_live_neighbours(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        site = create_site(session)
        run = shadow_runs(session, objects, site.id, count=20, days=3, failed=2)
        session.execute(sa.update(Run).where(sa.column("id") == run.id).values(mode="live"))
        [facts] = repository.shadow_facts(session, [run.deployment_id]).values()
    assert (facts.runs, facts.failed) == (19, 1)
    assert facts.first_at is not None
    assert facts.last_at is not None
    # The first of the twenty, three days ago, is a live one: what is left begins a step later.
    assert timedelta(days=2.8) < facts.last_at - facts.first_at < timedelta(days=2.9)


def test_only_the_newest_shadow_runs_are_judged(parts: Parts) -> None:
    objects = parts.objects
    assert isinstance(objects, LocalObjectStore)
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        site = create_site(session)
        run = shadow_runs(session, objects, site.id, count=110, days=11, failed=12)
        [facts] = repository.shadow_facts(session, [run.deployment_id]).values()
        began = session.now() - timedelta(days=11)
    # Twelve failed, ten of them before the newest hundred.
    assert (facts.runs, facts.failed, facts.first_at) == (100, 2, began)
