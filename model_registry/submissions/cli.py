"""`vigil submission`: prepare a version, hand it over, and talk about it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from model_registry.packages.archive import ModelPackage
from model_registry.packages.build import build
from model_registry.submissions import conversation, rehearsal, service, uploads
from model_registry.submissions.checklist import Checklist
from model_registry.submissions.folder import UploadFolder, sha256_of
from model_registry.submissions.models import Submission, SubmissionState, Upload
from model_registry.submissions.preparing import handover_of
from model_registry.submissions.questions import QUESTIONS, YES, Form, Task
from model_registry.submissions.receiving import Receiver
from model_registry.submissions.settings import settings_of
from vigil.kernel.console import CHECK_FAILED, actor_of, parts_of, say, show
from vigil.kernel.db import ReadSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity import repository as identity
from vigil.kernel.identity.actor import Actor
from vigil.kernel.parts import Parts

app = typer.Typer(help="Hand versions over, task by task.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="id of the submission, or its reference VGL-...")]
About = Annotated[Task | None, typer.Option(help="the task that it is about")]
Text = Annotated[str, typer.Argument(help="what you say; it cannot be changed afterwards")]


@app.command("list")
def list_submissions(
    ctx: typer.Context,
    state: Annotated[SubmissionState | None, typer.Option(help="only those in this state")] = None,
) -> None:
    """List the submissions that you may see, the newest first."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = service.submissions(session, actor, state=state)
        rows = [_row(line) for line in service.lines(session, found)]
    show(ctx, rows)


@app.command("show")
def show_submission(ctx: typer.Context, submission: Reference) -> None:
    """Show how far each task is, what is wrong, and what was asked."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.read() as session:
        found = service.submission(session, actor, submission)
        [line] = service.lines(session, [found])
        tasks = service.checklist(session, found)
        thread = conversation.messages(session, actor, found.id)
    say("  ".join(f"{key}: {value}" for key, value in _row(line).items()))
    for message in thread:
        answered = f" to {message.answers_id}" if message.answers_id else ""
        say(f"{message.id} {message.side} {message.kind}{answered}: {message.text}")
    show(ctx, _task_rows(tasks))


@app.command()
def create(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(help="your own name for it")],
    supplier: Annotated[
        str | None, typer.Option(help="code of the supplier; yours is taken from your token")
    ] = None,
) -> None:
    """Open a draft."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        made = service.create(session, actor, title=title, supplier=supplier)
        [line] = service.lines(session, [made])
    show(ctx, [_row(line)])


@app.command()
def upload(
    ctx: typer.Context,
    submission: Reference,
    source: Annotated[Path, typer.Argument(help="folder or .zip of the package", exists=True)],
) -> None:
    """Give a draft its package. Interrupted, the same command goes on where it was."""
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.read() as session:
        found = service.submission(session, actor, submission)
        code = _code_of(session, found)
    with _archive(source) as (file, size):
        begun = _begun(parts, actor, file, size=size, name=source.name, code=code)
        if begun.received:
            say(f"Going on after {begun.received} of {begun.size} bytes.")
        receiver = Receiver(parts.database, _folder(parts), actor)
        complete = receiver.send(begun.id, file)
    with parts.database.write() as session:
        now = service.submission(session, actor, found.id)
        service.attach(
            session,
            actor,
            submission_id=found.id,
            revision=now.revision,
            upload_id=complete.id,
        )
        tasks = service.checklist(session, now)
    uploads.clear(parts.database, _folder(parts))
    _tell(ctx, tasks)


@app.command()
def answers(
    ctx: typer.Context,
    submission: Reference,
    task: Task,
    given: Annotated[
        list[str] | None, typer.Argument(help="NAME=ANSWER, as often as there are questions")
    ] = None,
) -> None:
    """Answer what a task asks; without answers, print the questions."""
    if not given:
        show(ctx, [{"name": q.name, "question": q.label} for q in QUESTIONS.get(task, ())])
        return
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.write() as session:
        found = service.submission(session, actor, submission)
        service.answer(
            session,
            actor,
            submission_id=found.id,
            revision=found.revision,
            task=task,
            answers=_pairs(task, given),
        )
        tasks = service.checklist(session, found)
    show(ctx, _task_rows(tasks))


@app.command()
def test(ctx: typer.Context, submission: Reference) -> None:
    """Have a worker run the checks of admission on the draft's package."""
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.write() as session:
        found = service.submission(session, actor, submission)
        rehearsal.request(session, actor, parts.queue, submission_id=found.id)
    say(f"Asked for. See: vigil submission show {found.reference}")


@app.command()
def submit(
    ctx: typer.Context,
    submission: Reference,
    reason: Annotated[str, typer.Option(help="why, for the audit")] = "submitted",
) -> None:
    """Hand the package over: its version is made, and a worker checks it."""
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.read() as session:
        found = service.submission(session, actor, submission)
    handover = handover_of(parts, actor, found.id)
    with parts.database.write() as session:
        done = service.submit(
            session,
            actor,
            parts,
            submission_id=found.id,
            revision=found.revision,
            handover=handover,
            reason=reason,
        )
        [line] = service.lines(session, [done])
    uploads.clear(parts.database, _folder(parts))
    show(ctx, [_row(line)])


@app.command()
def withdraw(
    ctx: typer.Context,
    submission: Reference,
    reason: Annotated[str, typer.Option(help="why, for the audit")],
) -> None:
    """Take a submission back for good, and the version that came of it."""
    actor, parts = actor_of(ctx), parts_of(ctx)
    with parts.database.write() as session:
        found = service.submission(session, actor, submission)
        done = service.withdraw(session, actor, parts, submission_id=found.id, reason=reason)
        [line] = service.lines(session, [done])
    uploads.clear(parts.database, _folder(parts))
    show(ctx, [_row(line)])


@app.command()
def ask(ctx: typer.Context, submission: Reference, text: Text, about: About = None) -> None:
    """Ask the supplier; for reviewers of the network."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        found = service.submission(session, actor, submission)
        made = conversation.ask(session, actor, submission_id=found.id, text=text, about=about)
    show(ctx, [{"id": made.id, "kind": made.kind.value, "about": made.about}])


@app.command()
def answer(
    ctx: typer.Context,
    submission: Reference,
    question: Annotated[str, typer.Argument(help="id of the question")],
    text: Text,
) -> None:
    """Answer a reviewer's question."""
    actor = actor_of(ctx)
    with parts_of(ctx).database.write() as session:
        found = service.submission(session, actor, submission)
        made = conversation.answer(
            session, actor, submission_id=found.id, question_id=question, text=text
        )
    show(ctx, [{"id": made.id, "kind": made.kind.value, "about": made.about}])


@contextmanager
def _archive(source: Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open the package's archive; of a folder one is built, the same each time."""
    if not source.is_dir():
        with source.open("rb") as file:
            yield file, source.stat().st_size
        return
    archive = build(ModelPackage.open(source))
    with tempfile.TemporaryFile() as file:
        file.write(archive)
        yield file, len(archive)


def _begun(
    parts: Parts, actor: Actor, file: IO[bytes], *, size: int, name: str, code: str
) -> Upload:
    digest = sha256_of(file)
    with parts.database.write() as session:
        known = uploads.unfinished_like(session, actor, sha256=digest, size=size, supplier=code)
        return known or uploads.begin(
            session,
            actor,
            settings_of(parts.settings),
            size=size,
            sha256=digest,
            filename=name,
            supplier=code,
        )


def _pairs(task: Task, given: list[str]) -> dict[str, str]:
    """Read NAME=ANSWER; a declaration may be written as its name alone."""
    ticks = {q.name for q in QUESTIONS.get(task, ()) if q.form is Form.TICK}
    pairs = {}
    for text in given:
        name, has_answer, said = text.partition("=")
        if not has_answer and name not in ticks:
            fault = Fault(name[:60], "no answer", "Write NAME=ANSWER")
            raise Invalid.because([fault])
        pairs[name] = said if has_answer else YES
    return pairs


def _code_of(session: ReadSession, submission: Submission) -> str:
    found = identity.organisation(session, submission.organisation_id)
    return found.ods_code if found else ""


def _folder(parts: Parts) -> UploadFolder:
    return UploadFolder(settings_of(parts.settings).uploads)


def _tell(ctx: typer.Context, tasks: Checklist) -> None:
    """Print the tasks, then each fault of the package; such a package may not be submitted."""
    show(ctx, _task_rows(tasks))
    for fault in tasks.package_faults:
        say(f"  {fault}")
    if tasks.package_faults:
        raise typer.Exit(CHECK_FAILED)


def _row(line: service.Line) -> dict[str, Any]:
    found = line.submission
    return {
        "reference": found.reference,
        "title": found.title,
        "supplier": line.supplier,
        "state": found.state.value,
        "version": found.version_id or "",
        "version_status": line.version.status.value if line.version else "",
        "open_questions": line.open_questions,
        "id": found.id,
    }


def _task_rows(tasks: Checklist) -> list[dict[str, Any]]:
    return [
        {
            "task": state.task.value,
            "status": state.status.value,
            "wrong": "; ".join(str(fault) for fault in state.faults) or state.note,
        }
        for state in tasks.tasks
    ]
