import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from factories.engine import Yard, add_organisation, until
from sqlmodel import select

from vigil.kernel.engine.enqueue import work_id
from vigil.kernel.engine.status import WorkState
from vigil.kernel.identity.models import Organisation


class Undone(Exception):
    pass


def codes(yard: Yard) -> set[str]:
    with yard.database.read() as session:
        return set(session.exec(select(Organisation.ods_code)).all())


def test_work_vanishes_with_the_transaction_that_enqueued_it(yard: Yard) -> None:
    key, code = uuid.uuid4().hex, uuid.uuid4().hex

    def fail_late() -> None:
        with yard.database.write() as session:
            add_organisation(session, code)
            yard.queue.enqueue(session, "test.plain", code, key=key)
            raise Undone

    with pytest.raises(Undone):
        fail_late()
    assert yard.state(work_id("test.plain", key)) is None
    assert code not in codes(yard)


def test_work_runs_once_its_transaction_has_committed(yard: Yard) -> None:
    work = yard.enqueue("test.plain", name := uuid.uuid4().hex)
    assert yard.wait(work) is WorkState.DONE
    assert yard.calls[name] == 1


def test_the_same_key_again_does_nothing_and_the_transaction_goes_on(yard: Yard) -> None:
    key, name, code = uuid.uuid4().hex, uuid.uuid4().hex, uuid.uuid4().hex
    yard.wait(yard.enqueue("test.plain", name, key=key))
    with yard.database.write() as session:
        yard.queue.enqueue(session, "test.plain", name, key=key)
        yard.queue.enqueue(session, "test.plain", name, key=key)
        add_organisation(session, code)
    assert code in codes(yard)
    assert yard.wait(work_id("test.plain", key)) is WorkState.DONE
    assert yard.calls[name] == 1


def test_a_transactional_step_enqueues_what_comes_next(yard: Yard) -> None:
    yard.wait(yard.enqueue("test.chains", name := uuid.uuid4().hex))
    yard.wait(work_id("test.plain", name), WorkState.DONE)
    assert yard.calls[name] == 1


def test_a_key_belongs_to_its_task(yard: Yard) -> None:
    key = uuid.uuid4().hex
    first, second = (
        yard.enqueue(task, f"{key} {task}", key=key) for task in ("test.plain", "run.plain")
    )
    assert (yard.wait(first), yard.wait(second)) == (WorkState.DONE, WorkState.DONE)


def test_two_processes_that_enqueue_the_same_key_at_once_make_one_piece_of_work(yard: Yard) -> None:
    key, name = uuid.uuid4().hex, uuid.uuid4().hex
    with ThreadPoolExecutor(8) as threads:
        works = set(threads.map(lambda _: yard.enqueue("test.plain", name, key=key), range(16)))
    assert len(works) == 1
    yard.wait(works.pop())
    assert yard.calls[name] == 1


def test_lower_numbers_run_first(yard: Yard) -> None:
    yard.open_gate.clear()
    holder = yard.enqueue("report.waits", uuid.uuid4().hex)
    yard.wait(holder, WorkState.RUNNING)
    names = {priority: f"priority {priority} {uuid.uuid4().hex}" for priority in (9, 5, 1)}
    works = [yard.enqueue("report.plain", names[p], priority=p) for p in (9, 5, 1)]
    yard.open_gate.set()
    for work in works:
        yard.wait(work)
    ran = [name for name in yard.order if name in names.values()]
    assert ran == [names[1], names[5], names[9]]


def test_delayed_work_waits_its_time(yard: Yard) -> None:
    key, name = uuid.uuid4().hex, uuid.uuid4().hex
    with yard.database.write() as session:
        yard.queue.enqueue(session, "test.plain", name, key=key, delay=timedelta(seconds=1.5))
    work = work_id("test.plain", key)
    assert yard.state(work) is WorkState.DELAYED
    yard.wait(work)
    assert yard.calls[name] == 1


def test_work_of_a_partitioned_queue_runs_with_and_without_a_partition(yard: Yard) -> None:
    name = uuid.uuid4().hex
    with yard.database.write() as session:
        yard.queue.enqueue(session, "run.plain", name, key=f"{name}-1", partition="ver_1")
        yard.queue.enqueue(session, "run.plain", name, key=f"{name}-2")
    until(lambda: yard.calls[name] == 2)


def test_the_ledger_holds_no_pickle(yard: Yard) -> None:
    yard.wait(yard.enqueue("test.plain", "a name"))
    yard.wait(yard.enqueue("test.refused", "a name"))
    kinds = yard.ledger("workflow_status", "serialization")
    kinds += yard.ledger("operation_outputs", "serialization")
    assert set(kinds) == {"vigil_json"}
    inputs = yard.ledger("workflow_input", "inputs")
    assert all(json.loads(text)["kwargs"] == {} for text in inputs)
