"""The pages of submissions as typed contexts, and how they are filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from model_registry.admission import service as admission
from model_registry.admission.models import AdmissionCheck
from model_registry.submissions import conversation, service, uploads
from model_registry.submissions.checklist import Checklist, TaskState
from model_registry.submissions.conversation import GENERAL, Exchange
from model_registry.submissions.models import Submission, SubmissionState, Upload
from model_registry.submissions.questions import QUESTIONS, TITLES, Question, Task
from model_registry.submissions.service import Line
from model_registry.submissions.summaries import Row, rows_of, size
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.pages import Page

_SHOWN_UPLOADS = 20


@dataclass(frozen=True, kw_only=True)
class SubmissionsPage(Page):
    template: ClassVar[str] = "submissions/list.html"
    lines: Sequence[Line]
    state: SubmissionState | None
    sees_all: bool
    may_create: bool
    next_url: str | None


@dataclass(frozen=True, kw_only=True)
class NewPage(Page):
    template: ClassVar[str] = "submissions/new.html"
    typed: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OfSubmission(Page):
    """What every page of one submission knows."""

    submission: Submission
    supplier: str
    tasks: Checklist
    may_write: bool
    may_review: bool
    faults: tuple[Fault, ...] = ()

    @property
    def path(self) -> str:
        return f"/submissions/{self.submission.id}"

    @property
    def is_draft(self) -> bool:
        return self.submission.state is SubmissionState.DRAFT

    @property
    def may_edit(self) -> bool:
        return self.is_draft and self.may_write

    def about(self, key: str) -> str:
        return "The whole submission" if key == GENERAL else TITLES[Task(key)]

    def rows(self, task: Task) -> list[Row]:
        return rows_of(task, self.tasks)

    def size(self, length: int) -> str:
        return size(length)

    def fault_of(self, name: str) -> Fault | None:
        return next((fault for fault in self.faults if fault.field == name), None)


@dataclass(frozen=True, kw_only=True)
class SubmissionPage(OfSubmission):
    """The task list of a draft; the status of one that was submitted."""

    template: ClassVar[str] = "submissions/submission.html"
    line: Line
    exchanges: Sequence[Exchange]
    checks: Sequence[AdmissionCheck]
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def version_path(self) -> str:
        version = self.line.version
        return f"/models/{version.model_id}/versions/{version.id}" if version else ""

    @property
    def done(self) -> int:
        return sum(state.is_done for state in self.tasks.tasks)

    @property
    def topics(self) -> list[Row]:
        return [("", "The whole submission"), *((t.value, TITLES[t]) for t in Task)]


@dataclass(frozen=True, kw_only=True)
class TaskPage(OfSubmission):
    """One task.

    Attributes:
        state: how far it is.
        questions: what it asks; empty where the package says it all.
        typed: what stands in the form.
        stale: somebody saved this while the form was being filled in.
        uploads: of the task of the package: those that came by the API and have no draft.
        limit: of the task of the package: the largest that may come, in bytes.
    """

    template: ClassVar[str] = "submissions/task.html"
    state: TaskState
    questions: Sequence[Question]
    typed: Mapping[str, str]
    stale: bool = False
    uploads: Sequence[Upload] = ()
    limit: int = 0


@dataclass(frozen=True, kw_only=True)
class CheckPage(OfSubmission):
    template: ClassVar[str] = "submissions/check.html"


@dataclass(frozen=True, kw_only=True)
class ConfirmationPage(OfSubmission):
    template: ClassVar[str] = "submissions/confirmation.html"


@dataclass(frozen=True, kw_only=True)
class StalePage(OfSubmission):
    """Somebody changed the submission after the page was opened from which this came."""

    template: ClassVar[str] = "submissions/stale.html"


def about(session: ReadSession, actor: Actor, submission: Submission) -> dict[str, object]:
    """Return what every page of one submission knows, by the names of `OfSubmission`."""
    [line] = service.lines(session, [submission])
    is_owner = actor.supplier_id == submission.organisation_id or actor.is_system
    return {
        "submission": submission,
        "supplier": line.supplier,
        "tasks": service.checklist(session, submission),
        "may_write": is_owner and actor.may(Permission.VERSION_SUBMIT),
        "may_review": actor.supplier_id is None and actor.may(Permission.SUBMISSION_REVIEW),
    }


def submission_page(
    session: ReadSession,
    actor: Actor,
    submission: Submission,
    *,
    typed: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
) -> SubmissionPage:
    [line] = service.lines(session, [submission])
    checks: Sequence[AdmissionCheck] = ()
    if submission.version_id is not None:
        checks = admission.checks(session, actor, submission.version_id)
    known: dict[str, object] = about(session, actor, submission)
    return SubmissionPage(
        title=submission.title,
        line=line,
        exchanges=conversation.thread(session, actor, submission.id),
        checks=checks,
        typed=typed or {},
        faults=faults,
        **known,  # type: ignore[arg-type]
    )


def task_page(
    session: ReadSession,
    actor: Actor,
    submission: Submission,
    task: Task,
    *,
    limit: int,
    typed: Mapping[str, str] | None = None,
    faults: tuple[Fault, ...] = (),
    stale: bool = False,
) -> TaskPage:
    known = about(session, actor, submission)
    tasks = service.checklist(session, submission)
    loose = _loose_uploads(session, actor, submission) if task is Task.PACKAGE else []
    return TaskPage(
        title=TITLES[task],
        state=tasks.task(task),
        questions=QUESTIONS.get(task, ()),
        typed=typed if typed is not None else submission.answers.get(task.value, {}),
        stale=stale,
        uploads=loose,
        limit=limit,
        faults=faults,
        **known,  # type: ignore[arg-type]
    )


def _loose_uploads(session: ReadSession, actor: Actor, submission: Submission) -> Sequence[Upload]:
    """Return the newest uploads of this supplier that no submission holds, finished or not."""
    return uploads.loose(
        session, actor, organisation_id=submission.organisation_id, limit=_SHOWN_UPLOADS
    )
