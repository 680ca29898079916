"""A submission from its first draft to its withdrawal.

Each change of a draft names the revision it was made on; one that is older is refused, and nothing
of either is lost. Submitting makes the version and asks for its admission in the same transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError

from model_registry.submissions import repository, uploads
from model_registry.submissions.access import require_reader, require_supplier, supplier_of
from model_registry.submissions.checklist import DECLARED_FOR, Checklist
from model_registry.submissions.errors import (
    AlreadySubmitted,
    ChangedMeanwhile,
    Incomplete,
    NotADraft,
    NotPossibleNow,
    UnknownSubmission,
    UploadLost,
    UploadOver,
)
from model_registry.submissions.models import (
    Submission,
    SubmissionState,
    Upload,
    UploadState,
)
from model_registry.submissions.questions import Task, checked, tidy
from model_registry.submissions.standing import standing_faults
from model_registry.versions import service as versions
from model_registry.versions.handover import Handover
from model_registry.versions.models import ModelVersion, VersionStatus
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts

PAGE: Final = 50
MAX_TITLE: Final = 120
_ATTEMPTS: Final = 5


@dataclass(frozen=True)
class Line:
    """A submission as lists show it."""

    submission: Submission
    supplier: str
    version: ModelVersion | None
    open_questions: int


def create(
    session: WriteSession, actor: Actor, *, title: str, supplier: str | None = None
) -> Submission:
    """Open a draft; `supplier` is a code, for Vigil itself to say whose."""
    organisation_id = supplier_of(session, actor, supplier)
    submission = _numbered(session, actor, organisation_id, _title(title))
    audit.record(
        session,
        actor,
        "supplier:submission:create",
        submission.id,
        "a draft was opened",
        reference=submission.reference,
    )
    return submission


def submission(session: ReadSession, actor: Actor, submission_id: str) -> Submission:
    """Return a submission by its identifier or its reference.

    Raises:
        UnknownSubmission: there is none, or it belongs to another supplier.
    """
    require_reader(actor)
    return _or_unknown(repository.submission(session, actor, submission_id))


def submissions(
    session: ReadSession,
    actor: Actor,
    *,
    state: SubmissionState | None = None,
    before: str | None = None,
    limit: int = PAGE,
) -> Sequence[Submission]:
    """Return submissions, the newest first."""
    require_reader(actor)
    return repository.submissions(session, actor, state=state, before=before, limit=limit)


def lines(session: ReadSession, found: Sequence[Submission]) -> list[Line]:
    """Return submissions with what a list says of each, in three queries however many."""
    made = repository.versions(session, [s.version_id for s in found if s.version_id])
    names = repository.suppliers(session, {s.organisation_id for s in found})
    asked = repository.open_questions(session, [s.id for s in found])
    return [
        Line(s, names[s.organisation_id], made.get(s.version_id or ""), asked.get(s.id, 0))
        for s in found
    ]


def checklist(session: ReadSession, submission: Submission) -> Checklist:
    """Return how far each task of a submission is; the caller was given it, so may read it."""
    upload = session.get(Upload, submission.upload_id) if submission.upload_id else None
    is_draft = submission.state is SubmissionState.DRAFT
    taken = standing_faults(session, submission, upload) if upload and is_draft else []
    return Checklist(upload, submission.answers, taken)


def answer(
    session: WriteSession,
    actor: Actor,
    *,
    submission_id: str,
    revision: int,
    task: Task,
    answers: Mapping[str, str],
) -> Submission:
    """Keep the answers of one task, in place of former ones.

    Raises:
        Invalid: an answer is missing or wrong.
        ChangedMeanwhile: the draft has another revision.
    """
    kept = checked(task, answers)
    found = draft(session, actor, submission_id, revision)
    if task is Task.DECLARATIONS:
        upload = session.get(Upload, found.upload_id) if found.upload_id else None
        if upload is None or upload.digest is None:
            fault = Fault("package", "none yet", "Upload the package that they are about first")
            raise Invalid.because([fault])
        kept[DECLARED_FOR] = upload.digest
    # A new dictionary: a change inside the old one would not be noticed, and so not be saved.
    found.answers = {**found.answers, task.value: kept}
    return _changed(session, actor, found, "answer", f"answered: {task.value}", task=task.value)


def attach(
    session: WriteSession, actor: Actor, *, submission_id: str, revision: int, upload_id: str
) -> Submission:
    """Make a complete upload the draft's package; one that it had before is given up.

    Raises:
        UploadOver: the upload is not complete, or another submission holds it.
    """
    found = draft(session, actor, submission_id, revision)
    upload = uploads.take(session, actor, upload_id)
    if upload.id == found.upload_id:
        return found
    if upload.organisation_id != found.organisation_id:
        raise UploadOver("It was uploaded for another supplier.")
    if upload.state is not UploadState.COMPLETE:
        raise UploadOver(f"It is {upload.state.value}, not complete.")
    if repository.submission_of_upload(session, upload_id) is not None:
        raise UploadOver("Another submission holds it. Upload the package again.")
    former, found.upload_id = found.upload_id, upload.id
    found.archive_digest = upload.digest
    _changed(session, actor, found, "attach", "the package was given", digest=upload.digest)
    if former is not None:
        uploads.abandon(session, actor, upload_id=former, reason=f"replaced by {upload.id}")
    return found


def submit(
    session: WriteSession,
    actor: Actor,
    parts: Parts,
    *,
    submission_id: str,
    revision: int,
    handover: Handover | None,
    reason: str = "submitted",
) -> Submission:
    """Hand the package over: its version is made and its admission asked for, or nothing is.

    Args:
        session: the transaction.
        actor: who submits.
        parts: the object store and the queue.
        submission_id: the draft.
        revision: the one that was looked at on the page of answers.
        handover: its package, read and stored before the transaction began; None for a draft that
            is not ready.
        reason: for the audit.

    Raises:
        Incomplete: a task is not done.
        ChangedMeanwhile: the draft has another revision.
    """
    found = draft(session, actor, submission_id, revision)
    missing = checklist(session, found).missing
    if missing:
        raise Incomplete.because(missing)
    if handover is None or handover.digest != found.archive_digest:
        raise UploadLost("The bytes on the disk are not those that came. Upload the package again.")
    version = versions.submit(
        session,
        actor,
        objects=parts.objects,
        handover=handover,
        reason=f"{found.reference}: {reason}",
    )
    if repository.submission_of_version(session, version.id) is not None:
        raise AlreadySubmitted("Another submission handed over this package.")
    versions.request_admission(session, parts.queue, version)
    found.version_id, found.state = version.id, SubmissionState.SUBMITTED
    found.submitted_by, found.submitted_at = actor.id, session.now()
    return _changed(session, actor, found, "submit", reason, version_id=version.id)


def withdraw(
    session: WriteSession, actor: Actor, parts: Parts, *, submission_id: str, reason: str
) -> Submission:
    """Take a submission back: a draft is closed, of a submitted one the version is withdrawn too.

    What was written stays readable.

    Raises:
        NotPossibleNow: it was withdrawn already.
    """
    found = _take(session, actor, submission_id)
    if found.state is SubmissionState.WITHDRAWN:
        raise NotPossibleNow("It was withdrawn already.")
    if found.version_id is not None:
        version = versions.version(session, actor, found.version_id)
        if version.status is not VersionStatus.WITHDRAWN:
            versions.withdraw(
                session, actor, version_id=version.id, reason=reason, events=parts.events
            )
    found.state, found.withdrawn_at = SubmissionState.WITHDRAWN, session.now()
    return _changed(session, actor, found, "withdraw", reason)


def draft(session: WriteSession, actor: Actor, submission_id: str, revision: int) -> Submission:
    """Return a draft to change, if it still is what the caller looked at.

    Raises:
        NotADraft: it was submitted or withdrawn.
        ChangedMeanwhile: it has another revision.
    """
    found = _take(session, actor, submission_id)
    if found.state is not SubmissionState.DRAFT:
        raise NotADraft(f"The submission {found.reference} is {found.state.value}.")
    if found.revision != revision:
        raise ChangedMeanwhile(
            f"You opened revision {revision}; it has revision {found.revision} now. "
            "Look at it again, then repeat your change."
        )
    return found


def _take(session: WriteSession, actor: Actor, submission_id: str) -> Submission:
    found = _or_unknown(repository.take_submission(session, actor, submission_id))
    require_supplier(actor, found.organisation_id)
    return found


def _changed(
    session: WriteSession,
    actor: Actor,
    submission: Submission,
    deed: str,
    reason: str,
    **facts: str | None,
) -> Submission:
    submission.revision += 1
    session.add(submission)
    session.flush()
    audit.record(
        session,
        actor,
        f"supplier:submission:{deed}",
        submission.id,
        reason,
        revision=submission.revision,
        **facts,
    )
    return submission


def _numbered(session: WriteSession, actor: Actor, organisation_id: str, title: str) -> Submission:
    """Make a submission under the next number of the year; two at once get two numbers."""
    year = session.now().year
    for _ in range(_ATTEMPTS):
        number = repository.last_number(session, year) + 1
        made = Submission(
            id=session.new_id("sub"),
            organisation_id=organisation_id,
            reference=f"VGL-{year}-{number:04}",
            year=year,
            number=number,
            title=title,
            state=SubmissionState.DRAFT,
            created_by=actor.id,
            created_at=session.now(),
        )
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            continue
        return made
    raise NotPossibleNow("Many submissions are being opened at this moment. Ask again.")


def _title(title: str) -> str:
    kept = tidy(title)
    if not kept or "\n" in kept:
        fault = Fault("title", "empty, or more than a line", "Write a short name for your list")
        raise Invalid.because([fault])
    if len(kept) > MAX_TITLE:
        raise Invalid.because([Fault("title", "too long", f"Use at most {MAX_TITLE} characters")])
    return kept


def _or_unknown(found: Submission | None) -> Submission:
    if found is None:
        raise UnknownSubmission(
            "No submission has this identifier, or it belongs to another supplier."
        )
    return found
