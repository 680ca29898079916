"""From a closed study to planned runs."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from factories.identity import SETUP
from factories.routing import make_rule
from factories.wards import AT_ONCE, Ward, open_ward
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from inference.runs.closing import close_due
from inference.runs.models import Outcome, Priority, Run, RunMode, RunState
from inference.runs.planning import TASK, plan
from inference.studies import repository as studies
from inference.studies.models import Study
from model_registry.deployments import service as deployments
from model_registry.deployments.models import Deployment, Mode
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database
from vigil.kernel.parts import Parts

UID = "1.2.826.0.1.3680043.8.498.1"


@pytest.fixture
def ward(parts: Parts, database: Database) -> Ward:
    return open_ward(replace(parts, database=database))


def test_a_run_pins_all_that_it_will_be_made_of(ward: Ward) -> None:
    ward.receive(StudyInstanceUID=UID)
    run = ward.plan(StudyInstanceUID=UID)

    assert (run.version_id, run.version_digest) == (ward.version.id, ward.version.digest)
    assert run.preprocessing_digest == ward.version.preprocessing_digest
    assert (run.deployment_id, run.deployment_revision) == (ward.deployment.id, 1)
    assert (run.mode, run.state, run.study_revision) == (RunMode.LIVE, RunState.PLANNED, 1)
    assert run.supersedes_run_id is None
    with ward.parts.database.read() as session:
        instances = studies.instances(session, SETUP, run.study_id)
        assert session.get_one(Study, run.study_id).study_instance_uid == UID
    assert len(run.inputs) == 2
    assert run.inputs == [
        {
            "instance_id": one.id,
            "sop_instance_uid": one.sop_instance_uid,
            "digest": one.digest,
        }
        for one in instances
    ]


def test_a_plan_is_audited_with_the_rule_that_made_it(ward: Ward) -> None:
    run = ward.plan()

    with ward.parts.database.read() as session:
        [event] = audit.recent(session, before=None, subject=run.id, limit=5)
    assert (event.tag, event.reason) == ("inference:run:plan", "rule everything")


@pytest.mark.parametrize(
    ("priority", "number"), [(Priority.STAT, 1), (Priority.ROUTINE, 5), (Priority.OFF_PEAK, 9)]
)
def test_work_is_enqueued_by_priority_and_shared_out_by_version(
    parts: Parts, priority: Priority, number: int
) -> None:
    ward = open_ward(parts, make_rule(when="rows > 0", priority=priority))

    run = ward.plan()

    assert run.priority is priority
    [work] = ward.queue.planned
    assert work == (TASK, (run.id,), run.id, number, ward.version.id)


def test_a_study_that_no_rule_takes_plans_nothing(parts: Parts) -> None:
    ward = open_ward(parts, make_rule(when='modality == "CT"'))

    study = ward.receive()
    close_due(ward.parts, AT_ONCE)

    assert ward.runs_of(study) == []
    assert ward.queue.planned == []


def test_a_late_image_cancels_a_run_that_has_not_begun(ward: Ward) -> None:
    first = ward.plan(StudyInstanceUID=UID)
    second = ward.plan(StudyInstanceUID=UID)

    first = ward.run(first.id)
    assert (first.state, first.outcome) == (RunState.FINISHED, Outcome.CANCELLED)
    assert first.reason == "more instances of the study arrived"
    assert first.finished_at is not None
    assert (second.study_revision, second.supersedes_run_id) == (2, first.id)
    assert (len(first.inputs), len(second.inputs)) == (1, 2)
    with ward.parts.database.read() as session:
        tags = [e.tag for e in audit.recent(session, before=None, subject=first.id, limit=5)]
    assert tags == ["inference:run:cancel", "inference:run:plan"]


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.FINISHED])
def test_a_late_image_supersedes_a_run_that_has_begun(ward: Ward, state: RunState) -> None:
    first = ward.plan(StudyInstanceUID=UID)
    with ward.parts.database.write() as session:
        begun = session.get_one(Run, first.id)
        begun.state = state
        begun.outcome = Outcome.SUCCEEDED if state is RunState.FINISHED else None
        session.add(begun)

    second = ward.plan(StudyInstanceUID=UID)

    assert second.supersedes_run_id == first.id
    assert ward.run(first.id).state is state


def test_a_deployment_that_changed_is_pinned_as_it_is_now(ward: Ward) -> None:
    with ward.parts.database.write() as session:
        deployments.fall_back(
            session, SETUP, deployment_id=ward.deployment.id, reason="overrides rose"
        )

    run = ward.plan()

    assert (run.deployment_revision, run.mode) == (2, RunMode.SHADOW)


def test_a_study_as_it_stood_is_planned_once(ward: Ward) -> None:
    run = ward.plan()
    with ward.parts.database.read() as reading:
        study = reading.get_one(Study, run.study_id)

    with pytest.raises(IntegrityError), ward.parts.database.write() as session:
        plan(session, SETUP, ward.queue, study)

    assert len(ward.queue.planned) == 1


def test_workers_that_look_at_once_plan_one_run(ward: Ward) -> None:
    study = ward.receive()

    with ThreadPoolExecutor(4) as pool:
        closed = list(pool.map(lambda _: close_due(ward.parts, AT_ONCE), range(4)))

    assert sum(closed) == 1
    assert len(ward.runs_of(study)) == 1
    assert len(ward.queue.planned) == 1


def test_the_database_refuses_an_outcome_without_an_end(ward: Ward) -> None:
    run = ward.plan()
    statement = sa.update(Run).where(col(Run.id) == run.id).values(outcome="SUCCEEDED")

    with pytest.raises(IntegrityError), ward.parts.database.write() as session:
        session.execute(statement)


def test_a_suspended_deployment_plans_nothing(ward: Ward) -> None:
    with ward.parts.database.write() as session:
        deployments.suspend(session, SETUP, deployment_id=ward.deployment.id, reason="stop")
        assert session.get_one(Deployment, ward.deployment.id).mode is Mode.SUSPENDED
    study = ward.receive()
    close_due(ward.parts, AT_ONCE)

    assert ward.runs_of(study) == []
    with ward.parts.database.read() as session:
        assert session.exec(select(Run)).all() == []
