import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from factories.engine import Yard, until
from sqlmodel import select

from vigil.kernel.engine import status
from vigil.kernel.engine.errors import SlotTaken
from vigil.kernel.engine.models import StepOutcome
from vigil.kernel.engine.slot import Slot
from vigil.kernel.engine.status import WorkState


def test_a_worker_shows_itself_while_it_lives(yard: Yard) -> None:
    yard.engine._watch.beat()
    with yard.database.read() as session:
        (worker,) = status.workers(session)
    assert worker.id == yard.engine.worker_id
    assert datetime.now(UTC) - worker.beat_at < timedelta(seconds=5)


def test_one_slot_has_one_worker(tmp_path: Path) -> None:
    first, second = Slot(tmp_path, 0), Slot(tmp_path, 0)
    first.acquire()
    with pytest.raises(SlotTaken):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_work_of_a_worker_nobody_knows_is_taken_over(yard: Yard) -> None:
    work = yard.enqueue("test.plain", name := uuid.uuid4().hex)
    yard.wait(work)
    yard.change(work, status="PENDING", executor_id="gone:0", completed_at=None)
    yard.wait(work, WorkState.DONE)
    assert yard.calls[name] == 1
    assert yard.metrics.get_sample_value("vigil_work_recovered_total")


def test_stuck_work_that_no_thread_runs_is_started_again(yard: Yard) -> None:
    work = yard.enqueue("test.plain", name := uuid.uuid4().hex)
    yard.wait(work)
    yard.change(work, status="PENDING", completed_at=None, started_at_epoch_ms=1)

    def found_and_done() -> bool:
        yard.engine._watch.look_for_stuck()
        return yard.state(work) is WorkState.DONE

    until(found_and_done)
    assert yard.calls[name] == 1


def test_slow_work_is_reported_but_not_started_twice(yard: Yard) -> None:
    yard.open_gate.clear()
    work = yard.enqueue("test.waits", name := uuid.uuid4().hex)
    # It is marked as running a moment before a thread has it.
    until(lambda: yard.calls[name] == 1)
    yard.change(work, started_at_epoch_ms=1)
    yard.engine._watch.look_for_stuck()
    assert yard.metrics.get_sample_value("vigil_work_stuck") == 1
    yard.open_gate.set()
    yard.wait(work, WorkState.DONE)
    assert yard.calls[name] == 1


def test_work_of_another_pipeline_is_counted(yard: Yard) -> None:
    yard.open_gate.clear()
    work = yard.enqueue("test.waits", uuid.uuid4().hex)
    yard.wait(work, WorkState.RUNNING)
    yard.change(work, application_version="pipeline-0")
    with yard.database.read() as session:
        (other,) = status.other_pipelines(session)
    assert (other.pipeline, other.pieces) == ("pipeline-0", 1)
    yard.engine._watch.count()
    assert yard.metrics.get_sample_value("vigil_work_of_other_pipelines") == 1
    labels = {"queue": "default", "state": "running"}
    assert yard.metrics.get_sample_value("vigil_work", labels) == 1
    yard.open_gate.set()
    yard.wait(work, WorkState.DONE)


def test_finished_work_is_deleted_with_age_and_its_outcomes_with_it(yard: Yard) -> None:
    yard.healed.set()
    old, young = (yard.enqueue("test.heals", uuid.uuid4().hex) for _ in range(2))
    assert {yard.wait(old), yard.wait(young)} == {WorkState.DONE}
    yard.change(old, completed_at=1)
    yard.engine._watch.tidy()
    assert (yard.state(old), yard.state(young)) == (None, WorkState.DONE)
    with yard.database.read() as session:
        kept = set(session.exec(select(StepOutcome.work_id)).all())
    assert (old in kept, young in kept) == (False, True)
