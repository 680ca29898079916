"""Submissions as pages: the list, a draft's task list, its check and its end, and the thread."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Form, Request
from starlette.responses import RedirectResponse, Response

from model_registry.submissions import conversation, rehearsal, service, uploads
from model_registry.submissions.asking import Prepared, Reader, Reviewer, Supplier, folder_of
from model_registry.submissions.errors import ChangedMeanwhile
from model_registry.submissions.models import Submission, SubmissionState
from model_registry.submissions.questions import Task
from model_registry.submissions.views import (
    CheckPage,
    ConfirmationPage,
    NewPage,
    StalePage,
    SubmissionsPage,
    about,
    submission_page,
)
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Invalid, VigilError
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.web.dependencies import PartsDep, Reading, Writing
from vigil.kernel.web.page import CursorDep, next_url
from vigil.kernel.web.pages import done, render

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Form(max_length=20_000)]
Topic = Annotated[str, Form(max_length=40)]


@router.get("/submissions")
def list_submissions(
    request: Request,
    session: Reading,
    actor: Reader,
    cursor: CursorDep,
    state: SubmissionState | None = None,
) -> Response:
    found = service.submissions(
        session, actor, state=state, before=cursor.after, limit=cursor.limit + 1
    )
    kept, following = cursor.cut(found, lambda submission: submission.id)
    page = SubmissionsPage(
        title="Submissions",
        lines=service.lines(session, kept),
        state=state,
        sees_all=actor.supplier_id is None,
        may_create=actor.supplier_id is not None and actor.may(Permission.VERSION_SUBMIT),
        next_url=next_url(request, following) if following else None,
    )
    return render(request, page)


@router.get("/submissions/new")
def new_submission(request: Request, _actor: Supplier) -> Response:
    return render(request, NewPage(title="Start a submission"))


@router.post("/submissions")
def create_submission(
    request: Request, session: Writing, actor: Supplier, title: Text = ""
) -> Response:
    try:
        made = service.create(session, actor, title=title)
    except Invalid as error:
        page = NewPage(title="Start a submission", typed=title, faults=error.faults)
        return render(request, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    return RedirectResponse(f"/submissions/{made.id}", HTTPStatus.SEE_OTHER)


@router.get("/submissions/{submission_id}")
def show_submission(
    request: Request, session: Reading, actor: Reader, submission_id: str
) -> Response:
    found = service.submission(session, actor, submission_id)
    return render(request, submission_page(session, actor, found))


@router.get("/submissions/{submission_id}/check")
def check_answers(
    request: Request, session: Reading, actor: Reader, submission_id: str
) -> Response:
    found = service.submission(session, actor, submission_id)
    return render(request, _check_page(session, actor, found))


@router.post("/submissions/{submission_id}/submit")
def submit(
    *,
    request: Request,
    submission_id: str,
    handover: Prepared,
    session: Writing,
    actor: Supplier,
    parts: PartsDep,
    after: BackgroundTasks,
    revision: Annotated[int, Form()] = 0,
) -> Response:
    after.add_task(uploads.clear, parts.database, folder_of(parts))
    found = service.submission(session, actor, submission_id)
    if found.state is not SubmissionState.SUBMITTED:
        try:
            service.submit(
                session,
                actor,
                parts,
                submission_id=submission_id,
                revision=revision,
                handover=handover,
            )
        except ChangedMeanwhile:
            return _stale(request, session, actor, submission_id)
        except Invalid as error:
            page = _check_page(session, actor, found, error)
            return render(request, page, HTTPStatus.UNPROCESSABLE_ENTITY)
    # Pressed twice, it was submitted once, and both presses lead to the same page.
    return RedirectResponse(f"/submissions/{submission_id}/confirmation", HTTPStatus.SEE_OTHER)


@router.get("/submissions/{submission_id}/confirmation")
def confirmation(request: Request, session: Reading, actor: Reader, submission_id: str) -> Response:
    found = service.submission(session, actor, submission_id)
    if found.state is not SubmissionState.SUBMITTED:
        return RedirectResponse(f"/submissions/{submission_id}", HTTPStatus.SEE_OTHER)
    page = ConfirmationPage(
        title="Submission complete",
        **about(session, actor, found),  # type: ignore[arg-type]
    )
    return render(request, page)


@router.post("/submissions/{submission_id}/test-run")
def request_test_run(
    request: Request, session: Writing, actor: Supplier, parts: PartsDep, submission_id: str
) -> Response:
    rehearsal.request(session, actor, parts.queue, submission_id=submission_id)
    path = f"/submissions/{submission_id}/tasks/{Task.TEST_RUN.value}"
    return done(request, path, "The test run was asked for. Open this page again to see its end")


@router.post("/submissions/{submission_id}/withdraw")
def withdraw(
    *,
    request: Request,
    session: Writing,
    actor: Supplier,
    parts: PartsDep,
    submission_id: str,
    after: BackgroundTasks,
    reason: Text = "",
) -> Response:
    after.add_task(uploads.clear, parts.database, folder_of(parts))
    service.withdraw(session, actor, parts, submission_id=submission_id, reason=reason)
    return done(request, f"/submissions/{submission_id}", "The submission is withdrawn")


@router.post("/submissions/{submission_id}/questions")
def ask(
    *,
    request: Request,
    session: Writing,
    actor: Reviewer,
    submission_id: str,
    text: Text = "",
    about: Topic = "",
) -> Response:
    try:
        conversation.ask(
            session, actor, submission_id=submission_id, text=text, about=_topic(about)
        )
    except Invalid as error:
        return _again(request, session, actor, submission_id, error, {"text": text})
    return done(request, f"/submissions/{submission_id}", "The question is asked")


@router.post("/submissions/{submission_id}/questions/{question_id}/answers")
def answer(
    *,
    request: Request,
    session: Writing,
    actor: Supplier,
    submission_id: str,
    question_id: str,
    text: Text = "",
) -> Response:
    try:
        conversation.answer(
            session, actor, submission_id=submission_id, question_id=question_id, text=text
        )
    except Invalid as error:
        return _again(request, session, actor, submission_id, error, {question_id: text})
    return done(request, f"/submissions/{submission_id}", "The answer is sent")


@router.post("/submissions/{submission_id}/notes")
def write_note(
    *,
    request: Request,
    session: Writing,
    actor: Reader,
    submission_id: str,
    text: Text = "",
    about: Topic = "",
) -> Response:
    try:
        conversation.note(
            session, actor, submission_id=submission_id, text=text, about=_topic(about)
        )
    except Invalid as error:
        return _again(request, session, actor, submission_id, error, {"text": text})
    return done(request, f"/submissions/{submission_id}", "The note is written")


def _topic(about: str) -> Task | None:
    return Task(about) if about in set(Task) else None


def _check_page(
    session: ReadSession, actor: Actor, found: Submission, error: VigilError | None = None
) -> CheckPage:
    return CheckPage(
        title="Check your answers",
        faults=error.faults if error else (),
        **about(session, actor, found),  # type: ignore[arg-type]
    )


def _stale(request: Request, session: Writing, actor: Actor, submission_id: str) -> Response:
    found = service.submission(session, actor, submission_id)
    page = StalePage(
        title="Somebody changed this submission",
        **about(session, actor, found),  # type: ignore[arg-type]
    )
    return render(request, page, HTTPStatus.PRECONDITION_FAILED)


def _again(
    request: Request,
    session: Writing,
    actor: Actor,
    submission_id: str,
    error: Invalid,
    typed: dict[str, str],
) -> Response:
    """Show the page again with what was typed and what is wrong with it."""
    found = service.submission(session, actor, submission_id)
    page = submission_page(session, actor, found, typed=typed, faults=error.faults)
    return render(request, page, HTTPStatus.UNPROCESSABLE_ENTITY)
