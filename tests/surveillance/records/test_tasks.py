from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import pytest
from factories.identity import create_site
from factories.runs import Finished, create_run
from sqlmodel import select

from inference.decisions import service as decisions
from inference.decisions.events import ReaderDecided
from inference.decisions.models import Decision, DecisionSource
from inference.runs.events import RunFinished
from inference.runs.models import Outcome
from surveillance.axes import AXES
from surveillance.records.models import WHOLE_RUN, PredictionRecord
from surveillance.records.tasks import DECIDE, RECORD, SurveillanceTasks
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts

VIGIL = system_actor("test")
Result = TypeVar("Result")


class Now:
    """The engine's steps, done at once."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def run(
        self,
        name: str,
        step: Callable[..., Result],
        *arguments: Any,
        attempts: int = 1,
        interval: float = 0,
    ) -> Result:
        return step(*arguments)

    def transact(
        self,
        name: str,
        step: Callable[..., Result],
        *arguments: Any,
        attempts: int = 1,
        interval: float = 0,
    ) -> Result:
        with self.parts.database.write() as session:
            return step(session, *arguments)


@pytest.fixture
def tasks(parts: Parts) -> SurveillanceTasks:
    made = SurveillanceTasks(parts)
    parts.events.subscribe(RunFinished, made.on_run_finished)
    parts.events.subscribe(ReaderDecided, made.on_reader_decided)
    return made


def finish(parts: Parts, outcome: Outcome = Outcome.SUCCEEDED) -> Finished:
    assert isinstance(parts.objects, LocalObjectStore)
    with parts.database.write() as session:
        site = create_site(session)
        finished = create_run(session, parts.objects, site.id, outcome=outcome)
        parts.events.publish(session, RunFinished(finished.run.id))
    return finished


def decide(parts: Parts, finished: Finished, *, present: bool) -> None:
    with parts.database.write() as session:
        decisions.decide(
            session,
            VIGIL,
            parts,
            finding_id=finished.findings[0].id,
            present=present,
            source=DecisionSource.API,
            reader_pseudonym="reader",
        )


def work(parts: Parts, tasks: SurveillanceTasks, *names: str) -> None:
    bodies = {RECORD: tasks.record, DECIDE: tasks.decide}
    for item in parts.queue.enqueued:  # type: ignore[attr-defined]
        if item.task in names:
            bodies[item.task](Now(parts), *item.arguments)


def records(parts: Parts) -> dict[str, PredictionRecord]:
    with parts.database.read() as session:
        return {row.finding_key: row for row in session.exec(select(PredictionRecord)).all()}


def test_a_finished_run_becomes_records_without_identity(
    parts: Parts, tasks: SurveillanceTasks
) -> None:
    finished = finish(parts)
    work(parts, tasks, RECORD)
    work(parts, tasks, RECORD)
    found = records(parts)
    assert set(found) == {WHOLE_RUN, "pneumonia", "pneumothorax"}
    pneumonia = found["pneumonia"]
    assert (pneumonia.score, pneumonia.flagged) == (0.81, True)
    assert found["pneumothorax"].flagged is False
    assert set(pneumonia.attributes) == {*AXES}
    assert pneumonia.attributes["sex"] in {"F", "M", "O"}
    study = finished.study
    for known in (finished.run.id, study.id, study.study_instance_uid, study.patient_pseudonym):
        assert known not in str(pneumonia.model_dump())


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.FAILED, Outcome.NO_RESULT])
def test_a_run_without_a_result_is_recorded_too(
    parts: Parts, tasks: SurveillanceTasks, outcome: Outcome
) -> None:
    finish(parts, outcome)
    work(parts, tasks, RECORD)
    found = records(parts)
    assert {key: row.outcome for key, row in found.items()} == {WHOLE_RUN: outcome}
    assert found[WHOLE_RUN].attributes["sex"] in {"F", "M", "O"}


def test_decisions_come_to_the_record_in_any_order_of_tasks(
    parts: Parts, tasks: SurveillanceTasks, clock: Callable[[], datetime]
) -> None:
    finished = finish(parts)
    decide(parts, finished, present=False)
    # The decision's task may come before that of its run.
    work(parts, tasks, DECIDE, RECORD)
    assert records(parts)["pneumonia"].decision is Decision.OVERRIDE_FP
    assert records(parts)["pneumothorax"].decision is None
    # The later word counts, so time must pass between the two.
    clock.advance(1)  # type: ignore[attr-defined]
    decide(parts, finished, present=True)
    work(parts, tasks, DECIDE)
    assert records(parts)["pneumonia"].decision is Decision.AGREE_POS
