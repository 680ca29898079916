"""The tasks of a draft as pages: the package, what it says, what is asked beside it."""

from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from starlette.responses import Response

from model_registry.submissions import service, uploads
from model_registry.submissions.asking import Limits, Reader, Supplier, folder_of
from model_registry.submissions.errors import ChangedMeanwhile, TooLarge
from model_registry.submissions.questions import QUESTIONS, Task
from model_registry.submissions.receiving import Receiver
from model_registry.submissions.settings import settings_of
from model_registry.submissions.views import task_page
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts
from vigil.kernel.web.dependencies import (
    PartsDep,
    Reading,
    current_actor,
    request_parts,
)
from vigil.kernel.web.pages import done, render

# What a form is longer than the file in it.
_ENVELOPE: Final = 64 * 1024
Revision = Annotated[int, Form()]


class FormOfPackage(APIRoute):
    """Asks who sends, and how much, before a byte of the form is taken."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def look_first(request: Request) -> Response:
            await run_in_threadpool(current_actor, request)
            most = settings_of(request_parts(request).settings).upload_max
            length = request.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > most + _ENVELOPE:
                raise TooLarge(f"A package may have {most} bytes.")
            return await handle(request)

        return look_first


router = APIRouter(include_in_schema=False)
_forms = APIRouter(include_in_schema=False, route_class=FormOfPackage)


@router.get("/submissions/{submission_id}/tasks/{task}")
def show_task(
    *,
    request: Request,
    session: Reading,
    actor: Reader,
    limits: Limits,
    submission_id: str,
    task: Task,
) -> Response:
    found = service.submission(session, actor, submission_id)
    return render(request, task_page(session, actor, found, task, limit=limits.upload_max))


@router.post("/submissions/{submission_id}/tasks/{task}")
async def answer_task(
    request: Request, parts: PartsDep, actor: Supplier, submission_id: str, task: Task
) -> Response:
    """Keep a task's answers; each task has its own fields."""
    form = await request.form()
    sent = {name: value for name, value in form.items() if isinstance(value, str)}
    return await run_in_threadpool(_answer, request, parts, actor, submission_id, task, sent)


@_forms.post("/submissions/{submission_id}/package")
def upload_package(
    *,
    request: Request,
    parts: PartsDep,
    actor: Supplier,
    submission_id: str,
    document: Annotated[UploadFile | None, File()] = None,
    revision: Revision = 0,
) -> Response:
    """Take a package from a form. It is kept even if the draft was changed meanwhile."""
    with parts.database.read() as session:
        service.submission(session, actor, submission_id)
    if document is None or not document.size:
        fault = Fault("document", "no file was chosen", "Choose the package's .zip file")
        return _package_again(request, parts, actor, submission_id, (fault,))
    with parts.database.write() as session:
        begun = uploads.begin(
            session,
            actor,
            settings_of(parts.settings),
            size=document.size,
            filename=document.filename,
        )
    Receiver(parts.database, folder_of(parts), actor).send(begun.id, document.file)
    return _attach(request, parts, actor, submission_id, begun.id, revision)


@router.post("/submissions/{submission_id}/package/use")
def use_upload(
    *,
    request: Request,
    parts: PartsDep,
    actor: Supplier,
    submission_id: str,
    upload_id: Annotated[str, Form(max_length=60)] = "",
    revision: Revision = 0,
) -> Response:
    """Make an upload that came by the API the draft's package."""
    return _attach(request, parts, actor, submission_id, upload_id, revision)


def _attach(
    request: Request,
    parts: Parts,
    actor: Actor,
    submission_id: str,
    upload_id: str,
    revision: int,
) -> Response:
    try:
        with parts.database.write() as session:
            service.attach(
                session,
                actor,
                submission_id=submission_id,
                revision=revision,
                upload_id=upload_id,
            )
    except ChangedMeanwhile:
        return _package_again(request, parts, actor, submission_id, (), stale=True)
    uploads.clear(parts.database, folder_of(parts))
    return done(request, f"/submissions/{submission_id}", "The package was uploaded and read")


def _package_again(
    request: Request,
    parts: Parts,
    actor: Actor,
    submission_id: str,
    faults: tuple[Fault, ...],
    *,
    stale: bool = False,
) -> Response:
    limit = settings_of(parts.settings).upload_max
    with parts.database.read() as session:
        found = service.submission(session, actor, submission_id)
        page = task_page(
            session, actor, found, Task.PACKAGE, limit=limit, faults=faults, stale=stale
        )
        status = HTTPStatus.PRECONDITION_FAILED if stale else HTTPStatus.UNPROCESSABLE_ENTITY
        return render(request, page, status)


def _answer(
    request: Request,
    parts: Parts,
    actor: Actor,
    submission_id: str,
    task: Task,
    sent: Mapping[str, str],
) -> Response:
    asked = {question.name for question in QUESTIONS.get(task, ())}
    typed = {name: value for name, value in sent.items() if name in asked}
    revision = sent.get("revision", "")
    try:
        with parts.database.write() as session:
            service.answer(
                session,
                actor,
                submission_id=submission_id,
                revision=int(revision) if revision.isdecimal() else 0,
                task=task,
                answers=typed,
            )
    except (Invalid, ChangedMeanwhile) as error:
        return _answer_again(request, parts, actor, submission_id, task, typed, error)
    return done(request, f"/submissions/{submission_id}", "Your answers are saved")


def _answer_again(
    request: Request,
    parts: Parts,
    actor: Actor,
    submission_id: str,
    task: Task,
    typed: Mapping[str, str],
    error: Invalid | ChangedMeanwhile,
) -> Response:
    """Show the form again: nothing that was typed is lost, whatever happened meanwhile."""
    with parts.database.read() as session:
        found = service.submission(session, actor, submission_id)
        page = task_page(
            session,
            actor,
            found,
            task,
            limit=0,
            typed=typed,
            faults=error.faults,
            stale=isinstance(error, ChangedMeanwhile),
        )
        return render(request, page, error.status)


router.include_router(_forms)
