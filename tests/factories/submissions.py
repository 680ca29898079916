"""Submissions for tests: drafts, uploads, and drafts whose every task is done."""

import io
from collections.abc import Mapping
from typing import Any

from factories import packages
from factories.identity import SETUP, create_organisation, create_person

from model_registry.submissions import rehearsal, service, uploads
from model_registry.submissions.folder import UploadFolder
from model_registry.submissions.models import Submission, Upload
from model_registry.submissions.preparing import handover_of
from model_registry.submissions.questions import QUESTIONS, YES, Form, Task
from model_registry.submissions.receiving import Receiver
from model_registry.submissions.settings import settings_of
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

PASSED: list[dict[str, Any]] = [
    {"name": "golden", "passed": True, "evidence": "1 cases reproduced", "seconds": 0.1}
]
ANSWERS: Mapping[Task, Mapping[str, str]] = {
    Task.PEOPLE: {
        "officer_name": "Dr A Officer",
        "officer_registration": "GMC 1234567",
        "officer_email": "officer@acme.example",
        "technical_name": "T Contact",
        "technical_email": "technical@acme.example",
    },
    Task.RELEASE_NOTES: {"changes": "The first version.", "known_problems": "None"},
    Task.DECLARATIONS: {
        question.name: YES
        for question in QUESTIONS[Task.DECLARATIONS]
        if question.form is Form.TICK
    },
}


def create_supplier(parts: Parts, code: str = "ACME") -> Actor:
    """Return a person of a supplier that is new."""
    with parts.database.write() as session:
        create_organisation(session, code, OrganisationKind.SUPPLIER)
        return create_person(session, code, Role.SUPPLIER)


def create_reviewer(parts: Parts, *roles: Role) -> Actor:
    """Return a person of a network that is new; its manager unless other roles are named."""
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        return create_person(session, "NET", *(roles or (Role.NETWORK_MANAGER,)))


def folder_of(parts: Parts) -> UploadFolder:
    return UploadFolder(settings_of(parts.settings).uploads)


def receiver_of(parts: Parts, actor: Actor) -> Receiver:
    return Receiver(parts.database, folder_of(parts), actor)


def begin_upload(parts: Parts, actor: Actor, size: int, **options: Any) -> Upload:
    with parts.database.write() as session:
        return uploads.begin(session, actor, settings_of(parts.settings), size=size, **options)


def create_upload(parts: Parts, actor: Actor, archive: bytes | None = None) -> Upload:
    """Return an upload that is complete, of a package that is valid where none is named."""
    data = packages.archive() if archive is None else archive
    begun = begin_upload(parts, actor, len(data), filename="package.zip")
    return receiver_of(parts, actor).send(begun.id, io.BytesIO(data))


def create_draft(parts: Parts, actor: Actor, title: str = "linear-three 1.0.0") -> Submission:
    with parts.database.write() as session:
        return service.create(session, actor, title=title)


def attach(parts: Parts, actor: Actor, draft: Submission, archive: bytes | None = None) -> Upload:
    """Upload a package and give it to a draft."""
    made = create_upload(parts, actor, archive)
    with parts.database.write() as session:
        now = service.submission(session, actor, draft.id)
        service.attach(
            session, actor, submission_id=draft.id, revision=now.revision, upload_id=made.id
        )
    return made


def rehearsed(parts: Parts, upload_id: str, verdicts: list[dict[str, Any]] | None = None) -> None:
    """Keep the end of a test run, which a worker would have done."""
    with parts.database.write() as session:
        rehearsal.keep(session, SETUP, upload_id=upload_id, verdicts=verdicts or PASSED)


def create_ready(parts: Parts, actor: Actor, archive: bytes | None = None) -> Submission:
    """Return a draft whose every task is done."""
    draft = create_draft(parts, actor)
    made = attach(parts, actor, draft, archive)
    rehearsed(parts, made.id)
    for task, answers in ANSWERS.items():
        with parts.database.write() as session:
            now = service.submission(session, actor, draft.id)
            service.answer(
                session,
                actor,
                submission_id=draft.id,
                revision=now.revision,
                task=task,
                answers=answers,
            )
    return current(parts, actor, draft)


def create_submitted(parts: Parts, actor: Actor, archive: bytes | None = None) -> Submission:
    """Return a submission that was handed over."""
    ready = create_ready(parts, actor, archive)
    handover = handover_of(parts, actor, ready.id)
    with parts.database.write() as session:
        return service.submit(
            session,
            actor,
            parts,
            submission_id=ready.id,
            revision=ready.revision,
            handover=handover,
        )


def current(parts: Parts, actor: Actor, submission: Submission) -> Submission:
    with parts.database.read() as session:
        return service.submission(session, actor, submission.id)
