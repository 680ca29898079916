"""A candidate in the shadow of the version in use, on the same studies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest
from factories.identity import SETUP, create_site
from factories.results import keep_result
from factories.runs import Finished, create_run
from factories.surveillance import FINDING, START, Place, create_place, run_facts
from scipy.stats import binomtest
from sqlmodel import select

from inference.delivery.models import Delivery, DeliveryState
from inference.runs.models import Run, RunMode
from model_registry.deployments.models import Deployment, Mode
from model_registry.nodes.models import Node
from model_registry.versions.models import ModelVersion, VersionStatus
from surveillance.records import service
from surveillance.records.facts import RunFacts
from surveillance.records.repository import Scope
from surveillance.streams import comparison, operations
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.models import ComparisonDay, DeliveryDay
from surveillance.streams.sentences import sentence
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts

DAYS = 45
CHANGE = 32
LAST = START + timedelta(days=DAYS - 1)


def create_candidate(session: WriteSession, place: Place) -> Place:
    """Another version of the place's model, in the shadow there."""
    version = ModelVersion(
        id=session.new_id("ver"),
        model_id=place.model_id,
        organisation_id=place.supplier_id,
        version="2.0.0",
        digest="c" * 64,
        size=1,
        manifest={},
        preprocessing_digest="0" * 64,
        status=VersionStatus.APPROVED,
        submitted_by="usr_supplier",
        submitted_at=session.now(),
    )
    session.add(version)
    session.flush()
    deployment = Deployment(
        id=session.new_id("dep"),
        model_id=place.model_id,
        version_id=version.id,
        site_id=place.site_id,
        mode=Mode.SHADOW,
        share=100,
        revision=1,
        thresholds={},
        created_at=session.now(),
    )
    session.add(deployment)
    session.flush()
    return replace(place, version_id=version.id, deployment_id=deployment.id)


@pytest.fixture
def places(database: Database) -> tuple[Place, Place]:
    with database.write() as session:
        champion = create_place(session)
        return champion, create_candidate(session, champion)


def both(
    places: tuple[Place, Place], number: int, day: int, scores: tuple[float, float]
) -> list[RunFacts]:
    champion, candidate = places
    on = START + timedelta(days=day)
    live = run_facts(champion, number, day=on, score=scores[0])
    shadow = run_facts(candidate, number, day=on, score=scores[1], mode=RunMode.SHADOW)
    study: dict[str, Any] = {"study_instance_uid": f"1.2.{number}", "exam_day": on}
    return [replace(live, **study), replace(shadow, run_id=f"{shadow.run_id}_c", **study)]


def record(database: Database, keys: Keys, facts: list[RunFacts]) -> None:
    with database.write() as session:
        service.record_runs(session, keys, facts)
        comparison.refresh(session, LAST)


def look(database: Database) -> list[Assessment]:
    with database.read() as session:
        return comparison.assess(session, SETUP, day=LAST, scope=Scope())


def test_pairs_are_counted_by_study_and_once(
    database: Database, keys: Keys, places: tuple[Place, Place]
) -> None:
    scores = [(0.9, 0.9), (0.9, 0.1), (0.1, 0.9), (0.1, 0.1), (0.1, 0.2)]
    facts = [one for i, pair in enumerate(scores) for one in both(places, i, 0, pair)]
    alone = run_facts(places[1], 99, mode=RunMode.SHADOW)
    record(database, keys, [*facts, replace(alone, study_instance_uid="1.9")])
    with database.write() as session:
        comparison.refresh(session, LAST)
    with database.read() as session:
        (row,) = session.exec(select(ComparisonDay)).all()
        (found,) = comparison.compared(
            session, SETUP, version_id=places[1].version_id, from_day=START, to_day=LAST
        )
    assert (row.version_id, row.champion_id) == (places[1].version_id, places[0].version_id)
    assert (row.both, row.only_champion, row.only_candidate, row.neither) == (1, 1, 1, 2)
    assert (found.n, found.differ.estimate, found.p_value) == (5, 0.4, 1.0)


def test_a_candidate_that_begins_to_differ_is_watched(sqlite: Database, keys: Keys) -> None:
    with sqlite.write() as session:
        champion = create_place(session)
        places = (champion, create_candidate(session, champion))
    random, facts = Random(2), []
    for day in range(DAYS):
        for number in range(20):
            score = random.random()
            differs = random.random() < (0.2 if day >= CHANGE else 0.03)
            other = 1 - score if differs else score
            facts += both(places, day * 1000 + number, day, (score, other))
    record(sqlite, keys, facts)
    (found,) = look(sqlite)
    assert (found.version_id, found.subject) == (places[1].version_id, FINDING)
    assert found.verdict is Verdict.WATCH
    assert found.is_beyond
    assert "two versions disagree on" in sentence(found)


def test_too_few_pairs_are_said(
    database: Database, keys: Keys, places: tuple[Place, Place]
) -> None:
    record(database, keys, both(places, 1, 0, (0.9, 0.9)))
    (found,) = look(database)
    assert found.verdict is Verdict.INSUFFICIENT
    assert "1 of 300 studies of both versions" in sentence(found)


def deliver(parts: Parts, finished: Finished, planned: datetime, after: timedelta | None) -> None:
    """Deliver the result of a run so long after its study was complete, or not at all."""
    result = keep_result(parts, finished.run)
    with parts.database.write() as session:
        run = session.get_one(Run, finished.run.id)
        run.planned_at = planned
        node = session.exec(select(Node).where(Node.is_destination)).first() or _node(session, run)
        session.add_all([run, node])
        session.flush()
        session.add(
            Delivery(
                id=session.new_id("dlv"),
                result_id=result.id,
                run_id=run.id,
                site_id=run.site_id,
                node_id=node.id,
                state=DeliveryState.DEAD if after is None else DeliveryState.DELIVERED,
                created_at=planned,
                delivered_at=None if after is None else planned + after,
            )
        )


def _node(session: WriteSession, run: Run) -> Node:
    return Node(
        id=session.new_id("nod"),
        site_id=run.site_id,
        ae_title="PACS",
        host="127.0.0.1",
        port=104,
        is_source=False,
        is_destination=True,
        created_at=session.now(),
    )


def test_deliveries_count_on_the_day_their_study_was_complete(parts: Parts) -> None:
    assert isinstance(parts.objects, LocalObjectStore)
    midnight = datetime(2026, 9, 1, 23, 50, tzinfo=UTC)
    late = [timedelta(minutes=9), timedelta(minutes=16), None]
    with parts.database.write() as session:
        site = create_site(session, "RXX09")
        runs = [create_run(session, parts.objects, site.id)]
        for _ in late[1:]:
            runs.append(create_run(session, parts.objects, site.id, supersedes=runs[-1]))
    for finished, after in zip(runs, late, strict=True):
        deliver(parts, finished, midnight, after)
    for _ in range(2):
        with parts.database.write() as session:
            operations.refresh(session, LAST)
    with parts.database.read() as session:
        (row,) = session.exec(select(DeliveryDay)).all()
    assert (row.day, row.n, row.late, row.dead) == (midnight.date(), 3, 2, 1)


def test_chance_is_that_of_the_exact_binomial_test() -> None:
    pairs = [*np.ndindex(30, 30), (400, 460), (3, 10_000), (50_000, 50_300)][1:]

    for one, other in pairs:
        exact = binomtest(one, one + other).pvalue
        assert comparison._by_chance(one, other) == pytest.approx(exact, rel=1e-9)
    assert comparison._by_chance(0, 0) == 1.0
