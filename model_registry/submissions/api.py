"""Submissions over HTTP: drafts, answers, the package, questions, submitting and withdrawing.

A change of a draft names in `If-Match` what it is a change of: the ETag that GET gave. The part of
it before the point is the draft's revision.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from model_registry.submissions import conversation, rehearsal, service, uploads
from model_registry.submissions.asking import (
    Prepared,
    Reader,
    Reviewer,
    Supplier,
    folder_of,
)
from model_registry.submissions.checklist import Checklist, Status, TaskState
from model_registry.submissions.errors import ChangedMeanwhile, NoPrecondition
from model_registry.submissions.models import (
    MessageKind,
    Side,
    Submission,
    SubmissionState,
)
from model_registry.submissions.questions import Task
from model_registry.versions.models import VersionStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing
from vigil.kernel.web.page import CursorDep, Listing, link_next
from vigil.kernel.web.route import ApiRoute

router = APIRouter(prefix="/api/v1/submissions", tags=["submissions"], route_class=ApiRoute)


class SubmissionFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    organisation_id: str
    reference: str
    title: str
    state: SubmissionState
    upload_id: str | None
    version_id: str | None
    archive_digest: str | None
    revision: int
    created_at: datetime
    submitted_at: datetime | None
    withdrawn_at: datetime | None


class SubmissionLine(SubmissionFacts):
    version_status: VersionStatus | None
    open_questions: int


class FaultFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    field: str
    problem: str
    remedy: str


class TaskFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    task: Task
    title: str
    status: Status
    faults: list[FaultFacts]
    note: str


class MessageFacts(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    side: Side
    kind: MessageKind
    about: str
    text: str
    answers_id: str | None
    at: datetime


class SubmissionDetail(SubmissionLine):
    answers: dict[str, dict[str, str]]
    tasks: list[TaskFacts]
    package: dict[str, Any] | None
    messages: list[MessageFacts]


class NewSubmission(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"title": "cxr-pneumonia 1.2.0"}]}
    )
    title: Annotated[str, Field(max_length=1000, description="your own name for it")]


class Answers(BaseModel):
    """The answers of one task; of a declaration, `yes`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"answers": {"changes": "First version", "known_problems": "None"}}]
        },
    )
    answers: Annotated[dict[str, str], Field(max_length=50)]


class Attachment(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"upload_id": "upl_01kav…"}]}
    )
    upload_id: str


class Reason(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "A fault was found"}]}
    )
    reason: Annotated[str, Field(max_length=2000)]


class Said(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "Which scanners were in the test set?", "about": "validation"}]
        },
    )
    text: Annotated[str, Field(max_length=20_000)]
    about: Task | None = None


class Reply(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "Three makers, see the card."}]}
    )
    text: Annotated[str, Field(max_length=20_000)]


def revision(
    if_match: Annotated[str | None, Header(description="the ETag that GET gave")] = None,
) -> int:
    """Return the revision that a change is made on.

    Raises:
        NoPrecondition: the change does not say.
    """
    if if_match is None:
        raise NoPrecondition("Send the ETag of the submission in If-Match.")
    number = if_match.strip().removeprefix("W/").strip('"').partition(".")[0]
    if not number.isdecimal() or not number.isascii():
        raise ChangedMeanwhile("If-Match is not an ETag of this submission. Get it again.")
    return int(number)


Revision = Annotated[int, Depends(revision)]


@router.get("")
def list_submissions(
    request: Request,
    response: Response,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    state: SubmissionState | None = None,
) -> Listing[SubmissionLine]:
    found = service.submissions(
        session, actor, state=state, before=cursor.after, limit=cursor.limit + 1
    )
    items, next_cursor = cursor.cut(found, lambda submission: submission.id)
    link_next(request, response, next_cursor)
    return Listing(
        items=[_line(line) for line in service.lines(session, items)], next_cursor=next_cursor
    )


@router.post("", status_code=201)
def create_submission(
    body: NewSubmission, session: Writing, actor: Supplier, response: Response
) -> SubmissionFacts:
    """Open a draft."""
    made = service.create(session, actor, title=body.title)
    response.headers["Location"] = f"/api/v1/submissions/{made.id}"
    return SubmissionFacts.model_validate(made)


@router.get("/{submission_id}")
def show_submission(
    submission_id: str, session: Reading, actor: Reader, response: Response
) -> SubmissionDetail:
    """Show a submission: its tasks with what is wrong, its answers, its thread."""
    found = service.submission(session, actor, submission_id)
    return _detail(session, actor, found, response)


@router.put("/{submission_id}/answers/{task}")
def answer_task(
    submission_id: str,
    task: Task,
    body: Answers,
    session: Writing,
    actor: Supplier,
    revision: Revision,
    response: Response,
) -> SubmissionDetail:
    """Keep the answers of one task, in place of former ones."""
    found = service.answer(
        session,
        actor,
        submission_id=submission_id,
        revision=revision,
        task=task,
        answers=body.answers,
    )
    return _detail(session, actor, found, response)


@router.put("/{submission_id}/package")
def give_package(
    submission_id: str,
    body: Attachment,
    session: Writing,
    actor: Supplier,
    parts: PartsDep,
    revision: Revision,
    response: Response,
    after: BackgroundTasks,
) -> SubmissionDetail:
    """Make a complete upload the draft's package, in place of a former one."""
    found = service.attach(
        session,
        actor,
        submission_id=submission_id,
        revision=revision,
        upload_id=body.upload_id,
    )
    after.add_task(uploads.clear, parts.database, folder_of(parts))
    return _detail(session, actor, found, response)


@router.post("/{submission_id}/test-runs", status_code=202)
def request_test_run(
    submission_id: str, session: Writing, actor: Supplier, parts: PartsDep, response: Response
) -> SubmissionFacts:
    """Have the automatic checks tried on the draft's package; its tasks say what they found."""
    found = rehearsal.request(session, actor, parts.queue, submission_id=submission_id)
    response.headers["Location"] = f"/api/v1/submissions/{found.id}"
    return SubmissionFacts.model_validate(found)


@router.post("/{submission_id}/submit")
def submit_submission(
    submission_id: str,
    handover: Prepared,
    body: Reason,
    session: Writing,
    actor: Supplier,
    parts: PartsDep,
    revision: Revision,
    after: BackgroundTasks,
) -> SubmissionFacts:
    """Hand the package over: its version is made, and a worker checks it."""
    after.add_task(uploads.clear, parts.database, folder_of(parts))
    found = service.submit(
        session,
        actor,
        parts,
        submission_id=submission_id,
        revision=revision,
        handover=handover,
        reason=body.reason,
    )
    return SubmissionFacts.model_validate(found)


@router.post("/{submission_id}/withdraw")
def withdraw_submission(
    submission_id: str,
    body: Reason,
    session: Writing,
    actor: Supplier,
    parts: PartsDep,
    after: BackgroundTasks,
) -> SubmissionFacts:
    """Take it back for good; a version that came of it is withdrawn too."""
    after.add_task(uploads.clear, parts.database, folder_of(parts))
    found = service.withdraw(session, actor, parts, submission_id=submission_id, reason=body.reason)
    return SubmissionFacts.model_validate(found)


@router.get("/{submission_id}/messages")
def list_messages(submission_id: str, session: Reading, actor: Reader) -> Listing[MessageFacts]:
    """List what was asked, answered and noted, the oldest first."""
    found = conversation.messages(session, actor, submission_id)
    return Listing(items=[MessageFacts.model_validate(message) for message in found])


@router.post("/{submission_id}/questions", status_code=201)
def ask_question(submission_id: str, body: Said, session: Writing, actor: Reviewer) -> MessageFacts:
    """Ask the supplier."""
    made = conversation.ask(
        session, actor, submission_id=submission_id, text=body.text, about=body.about
    )
    return MessageFacts.model_validate(made)


@router.post("/{submission_id}/questions/{question_id}/answers", status_code=201)
def answer_question(
    submission_id: str, question_id: str, body: Reply, session: Writing, actor: Supplier
) -> MessageFacts:
    """Answer a reviewer's question."""
    made = conversation.answer(
        session, actor, submission_id=submission_id, question_id=question_id, text=body.text
    )
    return MessageFacts.model_validate(made)


@router.post("/{submission_id}/notes", status_code=201)
def write_note(submission_id: str, body: Said, session: Writing, actor: Reader) -> MessageFacts:
    """Write something that waits for no answer."""
    made = conversation.note(
        session, actor, submission_id=submission_id, text=body.text, about=body.about
    )
    return MessageFacts.model_validate(made)


def _line(line: service.Line) -> SubmissionLine:
    return SubmissionLine(
        **SubmissionFacts.model_validate(line.submission).model_dump(),
        version_status=line.version.status if line.version else None,
        open_questions=line.open_questions,
    )


def _detail(
    session: ReadSession, actor: Actor, submission: Submission, response: Response
) -> SubmissionDetail:
    [line] = service.lines(session, [submission])
    tasks = service.checklist(session, submission)
    messages = conversation.messages(session, actor, submission.id)
    detail = SubmissionDetail(
        **_line(line).model_dump(),
        answers=submission.answers,
        tasks=[_task(state) for state in tasks.tasks],
        package=_package(tasks),
        messages=[MessageFacts.model_validate(message) for message in messages],
    )
    digest = hashlib.sha256(detail.model_dump_json().encode()).hexdigest()
    response.headers["ETag"] = f'"{submission.revision}.{digest[:24]}"'
    return detail


def _task(state: TaskState) -> TaskFacts:
    return TaskFacts(
        task=state.task,
        title=state.title,
        status=state.status,
        faults=_faults(state.faults),
        note=state.note,
    )


def _faults(faults: Sequence[Fault]) -> list[FaultFacts]:
    return [FaultFacts.model_validate(fault) for fault in faults]


def _package(tasks: Checklist) -> dict[str, Any] | None:
    """Return what the package says; its faults are told with the tasks."""
    if tasks.upload is None or tasks.upload.reading is None:
        return None
    return {name: value for name, value in tasks.upload.reading.items() if name != "faults"}
