import uuid

import pytest
from factories.engine import Yard
from sqlmodel import func, select

from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.engine import status
from vigil.kernel.engine.errors import NotFailed, UnknownWork
from vigil.kernel.engine.status import FailedWork, WorkState
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import Organisation


def failed(yard: Yard, work: str) -> FailedWork:
    with yard.database.read() as session:
        return next(found for found in status.failed(session) if found.id == work)


def retry(yard: Yard, work: str) -> None:
    with yard.database.write() as session:
        status.retry(
            session, yard.queue, system_actor("test"), work_id=work, reason="The PACS is back."
        )


def test_failed_work_is_listed_without_data_and_a_retry_begins_at_the_step_that_failed(
    yard: Yard,
) -> None:
    yard.healed.clear()
    work = yard.enqueue("test.heals", name := uuid.uuid4().hex)
    assert yard.wait(work) is WorkState.FAILED
    assert yard.calls[f"{name} try"] == 2
    letter = failed(yard, work)
    assert (letter.task, letter.queue, letter.step) == ("test.heals", "default", "try")
    assert letter.error == "TimeoutError"

    yard.healed.set()
    retry(yard, work)
    yard.wait(work, WorkState.DONE)
    assert yard.calls[f"{name} before"] == 1
    assert yard.calls[f"{name} try"] == 3
    assert yard.calls[f"{name} after"] == 1
    with yard.database.read() as session:
        written = select(func.count()).where(Organisation.ods_code == name)
        assert session.exec(written).one() == 1
        assert session.exec(select(AuditEvent).where(AuditEvent.subject == work)).one()


def test_a_foreign_error_s_text_is_not_kept(yard: Yard) -> None:
    yard.healed.clear()
    yard.wait(yard.enqueue("test.heals", uuid.uuid4().hex))
    errors = yard.ledger("workflow_output", "error") + yard.ledger("operation_outputs", "error")
    assert any(errors)
    assert not any("PATIENT" in (error or "") for error in errors)


def test_a_rule_s_refusal_is_not_tried_again(yard: Yard) -> None:
    work = yard.enqueue("test.refused", name := uuid.uuid4().hex)
    assert yard.wait(work) is WorkState.FAILED
    assert yard.calls[name] == 1
    assert failed(yard, work).error == "Conflict"


def test_a_workflow_can_catch_the_refusal_of_a_step(yard: Yard) -> None:
    work = yard.enqueue("test.caught", name := uuid.uuid4().hex)
    assert yard.wait(work) is WorkState.DONE
    assert yard.calls[f"{name} The rule says no."] == 1


def test_two_steps_of_one_name_are_refused(yard: Yard) -> None:
    work = yard.enqueue("test.twice", name := uuid.uuid4().hex)
    assert yard.wait(work) is WorkState.FAILED
    assert yard.calls[name] == 1
    assert failed(yard, work).error == "RepeatedStep"


def test_only_failed_work_can_be_retried(yard: Yard) -> None:
    work = yard.enqueue("test.plain", uuid.uuid4().hex)
    yard.wait(work)
    with pytest.raises(NotFailed):
        retry(yard, work)
    with pytest.raises(UnknownWork):
        retry(yard, "test.plain:nothing")
