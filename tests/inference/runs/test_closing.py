"""Closing studies and planning their runs: one transaction each."""

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from factories.wards import AT_ONCE, NotingQueue, Ward
from sqlmodel import select

from inference.routing.models import RoutingDecision
from inference.runs.closing import close_due
from inference.runs.models import RunState
from inference.studies.models import Study, StudyState
from vigil.kernel.db import WriteSession
from vigil.kernel.telemetry import configure_logging

SECRET = "DOE^JANE"  # noqa: S105 - a name that must not be told, and no password


@dataclass
class FailingQueue(NotingQueue):
    """Cannot enqueue what belongs to one study, for a reason that quotes a patient."""

    fails_for: set[str] = field(default_factory=set)

    def enqueue(
        self,
        session: WriteSession,
        task: str,
        *arguments: str,
        key: str,
        priority: int = 5,
        partition: str | None = None,
        delay: timedelta | None = None,
    ) -> None:
        run_study = session.execute(
            select(RoutingDecision.study_id).order_by(RoutingDecision.decided_at.desc())  # type: ignore[attr-defined]
        )
        if self.fails_for & {study_id for (study_id,) in run_study}:
            raise RuntimeError(f"the queue is broken for {SECRET}")
        super().enqueue(session, task, *arguments, key=key, priority=priority, partition=partition)


def state_of(ward: Ward, study: Study) -> StudyState:
    with ward.parts.database.read() as session:
        return session.get_one(Study, study.id).state


def decisions(ward: Ward) -> int:
    with ward.parts.database.read() as session:
        return len(session.exec(select(RoutingDecision)).all())


def test_every_complete_study_is_closed_and_routed(ward: Ward) -> None:
    studies = [ward.receive() for _ in range(3)]

    assert close_due(ward.parts, AT_ONCE) == 3
    assert close_due(ward.parts, AT_ONCE) == 0
    assert {state_of(ward, study) for study in studies} == {StudyState.CLOSED}
    assert [len(ward.runs_of(study)) for study in studies] == [1, 1, 1]
    assert decisions(ward) == 3


def test_one_study_that_cannot_be_routed_holds_up_no_other(
    ward: Ward, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info")
    bad, good = ward.receive(), ward.receive()
    queue = FailingQueue(fails_for={bad.id})
    parts = replace(ward.parts, queue=queue)

    assert close_due(parts, AT_ONCE) == 1

    assert state_of(ward, good) is StudyState.CLOSED
    assert [run.state for run in ward.runs_of(good)] == [RunState.PLANNED]
    assert (state_of(ward, bad), ward.runs_of(bad)) == (StudyState.RECEIVING, [])
    said = capsys.readouterr().err
    [line] = [json.loads(one) for one in said.splitlines() if "study not routed" in one]
    assert (line["study"], line["error"]) == (bad.id, "RuntimeError")
    assert SECRET not in said


def test_a_study_that_was_left_open_is_routed_at_the_next_look(ward: Ward) -> None:
    study = ward.receive()
    queue = FailingQueue(fails_for={study.id})
    parts = replace(ward.parts, queue=queue)
    assert close_due(parts, AT_ONCE) == 0
    # Not even the decision stays: it belongs to the transaction that failed.
    assert decisions(ward) == 0

    queue.fails_for.clear()

    assert close_due(parts, AT_ONCE) == 1
    assert len(ward.runs_of(study)) == 1
    assert decisions(ward) == 1


def test_a_worker_that_dies_before_the_commit_leaves_the_study_open(ward: Ward) -> None:
    @dataclass
    class Dying(NotingQueue):
        def enqueue(self, session: WriteSession, task: str, *arguments: str, **_: object) -> None:
            session.before_commit.append(die)

    def die() -> None:
        raise KeyboardInterrupt

    study = ward.receive()
    with pytest.raises(KeyboardInterrupt):
        close_due(replace(ward.parts, queue=Dying()), AT_ONCE)

    assert (state_of(ward, study), ward.runs_of(study)) == (StudyState.RECEIVING, [])
    assert close_due(ward.parts, AT_ONCE) == 1
    assert len(ward.runs_of(study)) == 1


def test_a_study_that_still_arrives_is_left_alone(ward: Ward) -> None:
    study = ward.receive()

    policy = replace(AT_ONCE, quiet=timedelta(seconds=30), open_quiet=timedelta(seconds=30))

    assert close_due(ward.parts, policy) == 0
    assert state_of(ward, study) is StudyState.RECEIVING
