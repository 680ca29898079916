"""Drafts, answers, packages, submitting and withdrawing."""

import pytest
from conftest import FakeClock
from factories import packages
from factories.identity import SETUP, create_person, create_site
from factories.submissions import (
    ANSWERS,
    attach,
    create_draft,
    create_ready,
    create_reviewer,
    create_submitted,
    create_supplier,
    create_upload,
    current,
    folder_of,
    rehearsed,
)

from model_registry.submissions import service, uploads
from model_registry.submissions.checklist import Status
from model_registry.submissions.errors import (
    ChangedMeanwhile,
    Incomplete,
    NotADraft,
    NotPossibleNow,
    UnknownSubmission,
    UploadLost,
    UploadOver,
)
from model_registry.submissions.models import SubmissionState, UploadState
from model_registry.submissions.preparing import handover_of
from model_registry.submissions.questions import Task
from model_registry.versions import service as versions
from model_registry.versions.handover import Handover
from model_registry.versions.models import VersionStatus
from vigil.kernel.audit.repository import chain
from vigil.kernel.errors import Forbidden, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts


@pytest.fixture
def acme(parts: Parts) -> Actor:
    return create_supplier(parts)


def statuses(parts: Parts, actor: Actor, submission_id: str) -> dict[str, Status]:
    with parts.database.read() as session:
        found = service.submission(session, actor, submission_id)
        return {s.task.value: s.status for s in service.checklist(session, found).tasks}


def test_references_count_up_within_a_year(parts: Parts, acme: Actor, clock: FakeClock) -> None:
    first, second = create_draft(parts, acme), create_draft(parts, acme)
    clock.advance(60 * 24 * 3600)

    assert (first.reference, second.reference) == ("VGL-2026-0001", "VGL-2026-0002")
    assert create_draft(parts, acme).reference == "VGL-2027-0001"


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "x" * 121])
def test_a_title_is_one_short_line(parts: Parts, acme: Actor, title: str) -> None:
    with pytest.raises(Invalid), parts.database.write() as session:
        service.create(session, acme, title=title)


def test_a_new_draft_waits_for_its_package(parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)

    assert statuses(parts, acme, draft.id) == {
        "package": Status.NOT_STARTED,
        "intended_use": Status.CANNOT_START,
        "validation": Status.CANNOT_START,
        "limitations": Status.CANNOT_START,
        "safety_case": Status.CANNOT_START,
        "people": Status.NOT_STARTED,
        "release_notes": Status.NOT_STARTED,
        "test_run": Status.CANNOT_START,
        "declarations": Status.CANNOT_START,
    }


def test_a_good_package_does_five_tasks(parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)
    made = attach(parts, acme, draft)

    found = statuses(parts, acme, draft.id)

    assert [found[t] for t in ("package", "intended_use", "validation", "limitations")] == [
        Status.COMPLETE
    ] * 4
    assert found["safety_case"] is Status.COMPLETE
    assert found["test_run"] is Status.NOT_STARTED
    assert current(parts, acme, draft).archive_digest == made.digest


@pytest.mark.parametrize(
    ("replaced", "task", "field"),
    [
        ({"card_yaml": packages.yaml_bytes(packages.CARD | {"limitations": []})}, "limitations",
         "card.yaml:limitations"),
        ({"card_yaml": packages.yaml_bytes(packages.CARD | {"evaluation": []})}, "validation",
         "card.yaml:evaluation"),
        ({"card_yaml": packages.yaml_bytes(packages.CARD | {"intended_use": ""})}, "intended_use",
         "card.yaml:intended_use"),
        ({"safety_case_yaml": b"title: x"}, "safety_case", "safety_case.yaml:hazards"),
        ({"golden__cases_yaml": None}, "package", "golden/cases.yaml"),
        ({"supplier": "BETA"}, "package", "manifest.yaml:model.supplier"),
    ],
)  # fmt: skip
def test_a_fault_stands_with_the_task_it_is_of(
    parts: Parts, acme: Actor, replaced: dict[str, bytes], task: str, field: str
) -> None:
    draft = create_draft(parts, acme)
    attach(parts, acme, draft, packages.archive(**replaced))

    with parts.database.read() as session:
        found = service.submission(session, acme, draft.id)
        state = service.checklist(session, found).task(Task(task))

    assert state.status is Status.PROBLEM
    assert field in {fault.field for fault in state.faults}
    assert all(fault.remedy for fault in state.faults)


def test_what_is_no_zip_is_a_fault_of_the_package(parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)
    attach(parts, acme, draft, b"not a zip at all" * 10)

    found = statuses(parts, acme, draft.id)

    assert found["package"] is Status.PROBLEM
    assert found["safety_case"] is Status.CANNOT_START
    assert found["test_run"] is Status.CANNOT_START


def test_another_package_replaces_the_first_and_declarations_are_made_anew(
    parts: Parts, acme: Actor
) -> None:
    ready = create_ready(parts, acme)
    first = ready.upload_id
    second = attach(parts, acme, ready, packages.archive(version="1.0.1"))
    uploads.clear(parts.database, folder_of(parts))

    found = statuses(parts, acme, ready.id)

    assert (found["declarations"], found["test_run"]) == (Status.NOT_STARTED, Status.NOT_STARTED)
    assert folder_of(parts).uploads() == [second.id]
    with parts.database.read() as session:
        assert first is not None
        assert uploads.upload(session, acme, first).state is UploadState.ABANDONED


def test_an_upload_is_of_one_draft_only(parts: Parts, acme: Actor) -> None:
    made = attach(parts, acme, create_draft(parts, acme))
    other = create_draft(parts, acme)

    with pytest.raises(UploadOver), parts.database.write() as session:
        service.attach(session, acme, submission_id=other.id, revision=1, upload_id=made.id)
    with pytest.raises(UploadOver), parts.database.write() as session:
        uploads.abandon(session, acme, upload_id=made.id, reason="no")


def test_an_answer_names_the_revision_it_was_made_on(parts: Parts, acme: Actor) -> None:
    draft, answers = create_draft(parts, acme), ANSWERS[Task.PEOPLE]
    with parts.database.write() as session:
        service.answer(
            session, acme, submission_id=draft.id, revision=1, task=Task.PEOPLE, answers=answers
        )

    with pytest.raises(ChangedMeanwhile, match="revision 2 now"), parts.database.write() as session:
        service.answer(
            session, acme, submission_id=draft.id, revision=1, task=Task.PEOPLE,
            answers=dict(answers, technical_name="Another"),
        )  # fmt: skip
    assert current(parts, acme, draft).answers["people"]["technical_name"] == "T Contact"


def test_answers_are_checked_all_at_once(parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)
    wrong = {"officer_email": "nobody", "officer_name": "x" * 201, "shoe_size": "43"}

    with pytest.raises(Invalid) as caught, parts.database.write() as session:
        service.answer(
            session, acme, submission_id=draft.id, revision=1, task=Task.PEOPLE, answers=wrong
        )

    assert {fault.field for fault in caught.value.faults} == {
        "shoe_size", "officer_name", "officer_registration", "officer_email", "technical_name",
        "technical_email",
    }  # fmt: skip


def test_a_draft_with_a_task_to_do_is_not_submitted(parts: Parts, acme: Actor) -> None:
    draft = create_draft(parts, acme)

    with pytest.raises(Incomplete) as caught, parts.database.write() as session:
        service.submit(session, acme, parts, submission_id=draft.id, revision=1, handover=None)

    assert len(caught.value.faults) == 9
    assert handover_of(parts, acme, draft.id) is None


def test_a_failed_test_run_stands_in_the_way(parts: Parts, acme: Actor) -> None:
    ready = create_ready(parts, acme)
    failed = {"name": "golden", "passed": False, "evidence": "differs by 0.2", "seconds": 0.1}
    rehearsed(parts, ready.upload_id or "", [failed])

    with pytest.raises(Incomplete, match="Test run"), parts.database.write() as session:
        service.submit(
            session, acme, parts, submission_id=ready.id, revision=ready.revision, handover=None
        )


def test_submitting_makes_the_version_and_asks_for_its_admission(parts: Parts, acme: Actor) -> None:
    done = create_submitted(parts, acme)

    with parts.database.read() as session:
        version = versions.version(session, acme, done.version_id or "")
    assert done.state is SubmissionState.SUBMITTED
    assert (version.digest, version.status) == (done.archive_digest, VersionStatus.SUBMITTED)
    assert parts.objects.exists(version.digest)
    assert [e.task for e in parts.queue.enqueued] == ["versions.admit"]  # type: ignore[attr-defined]
    uploads.clear(parts.database, folder_of(parts))
    assert folder_of(parts).uploads() == []


def test_what_is_submitted_takes_no_other_package_or_answer(parts: Parts, acme: Actor) -> None:
    done = create_submitted(parts, acme)
    other = create_upload(parts, acme, packages.archive(version="9.0.0"))

    with pytest.raises(NotADraft), parts.database.write() as session:
        service.attach(
            session, acme, submission_id=done.id, revision=done.revision, upload_id=other.id
        )
    with pytest.raises(NotADraft), parts.database.write() as session:
        service.submit(
            session, acme, parts, submission_id=done.id, revision=done.revision, handover=None
        )


def test_a_failure_while_submitting_leaves_the_draft_as_it_was(parts: Parts, acme: Actor) -> None:
    ready = create_ready(parts, acme)
    data = handover_of(parts, acme, ready.id)

    def submit_and_die() -> None:
        with parts.database.write() as session:
            service.submit(
                session, acme, parts, submission_id=ready.id, revision=ready.revision, handover=data
            )
            raise RuntimeError("the process dies before the commit")

    with pytest.raises(RuntimeError):
        submit_and_die()

    assert current(parts, acme, ready).state is SubmissionState.DRAFT
    with parts.database.read() as session:
        assert not versions.versions(session, acme)


def test_bytes_that_changed_on_the_disk_are_not_submitted(parts: Parts, acme: Actor) -> None:
    ready = create_ready(parts, acme)
    other = Handover.of(packages.archive(version="9.0.0"))

    with pytest.raises(UploadLost), parts.database.write() as session:
        service.submit(
            session, acme, parts, submission_id=ready.id, revision=ready.revision, handover=other
        )


def test_a_label_that_is_taken_is_said_before_submitting(parts: Parts, acme: Actor) -> None:
    create_submitted(parts, acme)
    draft = create_draft(parts, acme)
    same = attach(parts, acme, draft)
    with parts.database.read() as session:
        found = service.submission(session, acme, draft.id)
        [fault] = service.checklist(session, found).taken
    assert "handed over with VGL-2026-0001" in fault.problem

    attach(parts, acme, draft, packages.archive(README_md=b"other bytes"))
    with parts.database.read() as session:
        found = service.submission(session, acme, draft.id)
        [fault] = service.checklist(session, found).taken
    assert "submitted with other contents" in fault.problem
    assert same.digest != found.archive_digest


def test_a_withdrawn_label_is_not_taken_again(parts: Parts, acme: Actor) -> None:
    done = create_submitted(parts, acme)
    with parts.database.write() as session:
        service.withdraw(session, acme, parts, submission_id=done.id, reason="a fault")
    draft = create_draft(parts, acme)
    attach(parts, acme, draft)

    with parts.database.read() as session:
        found = service.submission(session, acme, draft.id)
        [fault] = service.checklist(session, found).taken
        version = versions.version(session, acme, done.version_id or "")
    assert "was withdrawn" in fault.problem
    assert version.status is VersionStatus.WITHDRAWN


def test_a_withdrawn_draft_keeps_what_was_written(parts: Parts, acme: Actor) -> None:
    ready = create_ready(parts, acme)
    with parts.database.write() as session:
        service.withdraw(session, acme, parts, submission_id=ready.id, reason="not now")
    uploads.clear(parts.database, folder_of(parts))

    kept = current(parts, acme, ready)
    assert (kept.state, kept.answers) == (SubmissionState.WITHDRAWN, ready.answers)
    assert folder_of(parts).uploads() == []
    with pytest.raises(NotPossibleNow), parts.database.write() as session:
        service.withdraw(session, acme, parts, submission_id=ready.id, reason="again")


def test_the_network_reads_all_and_another_supplier_nothing(parts: Parts, acme: Actor) -> None:
    ready = create_ready(parts, acme)
    other, reviewer = create_supplier(parts, "BETA"), create_reviewer(parts, Role.AUDITOR)

    assert current(parts, reviewer, ready).id == ready.id
    with pytest.raises(UnknownSubmission):
        current(parts, other, ready)
    with parts.database.read() as session:
        assert not service.submissions(session, other)
    with pytest.raises(Forbidden), parts.database.write() as session:
        service.withdraw(session, reviewer, parts, submission_id=ready.id, reason="x")


@pytest.mark.parametrize("role", [Role.CSO, Role.AUDITOR, Role.NETWORK_MANAGER, Role.READER])
def test_people_of_a_hospital_see_no_submission(parts: Parts, acme: Actor, role: Role) -> None:
    ready = create_ready(parts, acme)
    with parts.database.write() as session:
        create_site(session)
        person = create_person(session, "RXX", role)

    with pytest.raises(Forbidden):
        current(parts, person, ready)
    with pytest.raises(Forbidden), parts.database.read() as session:
        service.submissions(session, person)


def test_every_deed_is_in_the_audit(parts: Parts, acme: Actor) -> None:
    create_submitted(parts, acme)

    with parts.database.read() as session:
        tags = [event.tag for event in chain(session) if "submission" in event.tag]
    assert tags == [
        "supplier:submission:create",
        "supplier:submission:attach",
        "registry:submission:passed",
        "supplier:submission:answer",
        "supplier:submission:answer",
        "supplier:submission:answer",
        "supplier:submission:submit",
    ]


def test_vigil_itself_names_the_supplier(parts: Parts, acme: Actor) -> None:
    with parts.database.write() as session:
        made = service.create(session, SETUP, title="by hand", supplier="ACME")
    assert made.organisation_id == acme.organisation_id
    with pytest.raises(Invalid), parts.database.write() as session:
        service.create(session, SETUP, title="by hand", supplier="NOBODY")
    create_supplier(parts, "BETA")
    with pytest.raises(Forbidden), parts.database.write() as session:
        service.create(session, acme, title="for others", supplier="BETA")
