"""The test run of a draft, with the real checks of admission."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import packages
from factories.keys import trust_signing_key
from factories.submissions import attach, create_draft, create_supplier
from factories.versions import LinearRunner

from model_registry.submissions import rehearsal, service, uploads
from model_registry.submissions.checklist import Status
from model_registry.submissions.models import Rehearsal, Upload
from model_registry.submissions.questions import Task
from model_registry.submissions.tasks import SubmissionTasks
from model_registry.versions import service as versions
from vigil.kernel.db import Database
from vigil.kernel.engine.errors import StepFailed
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts


class Directly:
    """Does each step at once, as the engine does in the end."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def run(self, name: str, step: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        return step(*arguments)

    def transact(self, name: str, step: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        with self.database.write() as session:
            return step(session, *arguments)


class Failing(Directly):
    def run(self, name: str, step: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        raise StepFailed(name, "OutOfMemory", 3)


@pytest.fixture
def acme(parts: Parts) -> Actor:
    return create_supplier(parts)


def rehearse(parts: Parts, actor: Actor, archive: bytes, steps: Directly | None = None) -> Upload:
    draft = create_draft(parts, actor)
    made = attach(parts, actor, draft, archive)
    with parts.database.write() as session:
        rehearsal.request(session, actor, parts.queue, submission_id=draft.id)
    task = SubmissionTasks(parts, LinearRunner())
    task.rehearse(steps or Directly(parts.database), made.id)
    with parts.database.read() as session:
        return uploads.upload(session, actor, made.id)


def test_a_good_package_passes_and_becomes_no_version(parts: Parts, acme: Actor) -> None:
    with parts.database.write() as session:
        trust_signing_key(session, "ACME")

    tested = rehearse(parts, acme, packages.signed_archive())

    assert tested.verdicts is not None
    assert [v["name"] for v in tested.verdicts if not v["passed"]] == []
    assert tested.rehearsal is Rehearsal.PASSED
    with parts.database.read() as session:
        assert not versions.versions(session, acme)
    assert list(parts.objects.digests()) == []


def test_what_fails_is_named_on_the_task(parts: Parts, acme: Actor) -> None:
    with parts.database.write() as session:
        trust_signing_key(session, "ACME")

    tested = rehearse(parts, acme, packages.signed_archive(wrong_golden=True))

    assert tested.rehearsal is Rehearsal.FAILED
    with parts.database.read() as session:
        [found] = service.submissions(session, acme)
        state = service.checklist(session, found).task(Task.TEST_RUN)
    assert state.status is Status.PROBLEM
    assert state.faults[0].field == "golden"


def test_a_signature_that_nobody_trusts_is_said(parts: Parts, acme: Actor) -> None:
    tested = rehearse(parts, acme, packages.signed_archive())

    assert tested.verdicts is not None
    assert "signature" in [v["name"] for v in tested.verdicts if not v["passed"]]


def test_a_test_run_that_breaks_is_a_failed_one(parts: Parts, acme: Actor) -> None:
    tested = rehearse(parts, acme, packages.archive(), Failing(parts.database))

    assert tested.rehearsal is Rehearsal.FAILED
    assert tested.verdicts is not None
    assert "not completed after 3 attempts" in tested.verdicts[0]["evidence"]


def test_a_package_that_was_replaced_meanwhile_keeps_no_verdict(parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)
    first = attach(parts, acme, draft)
    attach(parts, acme, draft, packages.archive(version="2.0.0"))

    with parts.database.write() as session:
        rehearsal.keep(session, acme, upload_id=first.id, verdicts=[])

    with parts.database.read() as session:
        assert uploads.upload(session, acme, first.id).rehearsal is None
