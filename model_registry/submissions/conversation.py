"""Questions of the network's reviewers, the supplier's answers, and notes of either.

A thread only grows: what was said stays as it was said. A question is open until an answer names
it. Nobody is sent a message: open questions are counted where people look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from model_registry.submissions import repository, service
from model_registry.submissions.access import require_reader, require_reviewer, require_supplier
from model_registry.submissions.errors import NotPossibleNow, UnknownQuestion
from model_registry.submissions.models import (
    MessageKind,
    Side,
    Submission,
    SubmissionMessage,
    SubmissionState,
)
from model_registry.submissions.questions import LONG, Task, tidy
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.actor import Actor

GENERAL: Final = "general"


@dataclass(frozen=True)
class Exchange:
    """A question with its answers, or a note with none."""

    first: SubmissionMessage
    answers: tuple[SubmissionMessage, ...]

    @property
    def is_open(self) -> bool:
        return self.first.kind is MessageKind.QUESTION and not self.answers


def thread(session: ReadSession, actor: Actor, submission_id: str) -> list[Exchange]:
    """Return what was asked, answered and noted, the oldest first."""
    found = service.submission(session, actor, submission_id)
    messages = repository.messages(session, found.id)
    answers: dict[str, list[SubmissionMessage]] = {}
    for message in messages:
        if message.answers_id is not None:
            answers.setdefault(message.answers_id, []).append(message)
    return [
        Exchange(message, tuple(answers.get(message.id, ())))
        for message in messages
        if message.answers_id is None
    ]


def messages(session: ReadSession, actor: Actor, submission_id: str) -> Sequence[SubmissionMessage]:
    """Return every message in the order it was written."""
    found = service.submission(session, actor, submission_id)
    return repository.messages(session, found.id)


def ask(
    session: WriteSession, actor: Actor, *, submission_id: str, text: str, about: Task | None = None
) -> SubmissionMessage:
    """Ask the supplier about a task, or about the whole."""
    require_reviewer(actor)
    found = _open(session, actor, submission_id)
    return _say(session, actor, found, MessageKind.QUESTION, text, about)


def answer(
    session: WriteSession, actor: Actor, *, submission_id: str, question_id: str, text: str
) -> SubmissionMessage:
    """Answer a question; more may be added to an answer later, by another one.

    Raises:
        UnknownQuestion: this submission has no such question.
    """
    found = _open(session, actor, submission_id)
    require_supplier(actor, found.organisation_id)
    asked = session.get(SubmissionMessage, question_id)
    if asked is None or asked.submission_id != found.id or asked.kind is not MessageKind.QUESTION:
        raise UnknownQuestion("This submission has no such question.")
    about = None if asked.about == GENERAL else Task(asked.about)
    return _say(session, actor, found, MessageKind.ANSWER, text, about, answers_id=asked.id)


def note(
    session: WriteSession, actor: Actor, *, submission_id: str, text: str, about: Task | None = None
) -> SubmissionMessage:
    """Write something that waits for no answer: the supplier, or a reviewer."""
    require_reader(actor)
    found = _open(session, actor, submission_id)
    if actor.supplier_id is None:
        require_reviewer(actor)
    else:
        require_supplier(actor, found.organisation_id)
    return _say(session, actor, found, MessageKind.NOTE, text, about)


def _open(session: WriteSession, actor: Actor, submission_id: str) -> Submission:
    found = service.submission(session, actor, submission_id)
    if found.state is SubmissionState.WITHDRAWN:
        raise NotPossibleNow("It was withdrawn: its thread is closed.")
    return found


def _say(
    session: WriteSession,
    actor: Actor,
    submission: Submission,
    kind: MessageKind,
    text: str,
    about: Task | None,
    answers_id: str | None = None,
) -> SubmissionMessage:
    message = SubmissionMessage(
        id=session.new_id("msg"),
        submission_id=submission.id,
        author_id=actor.id,
        side=Side.SUPPLIER if actor.supplier_id else Side.NETWORK,
        kind=kind,
        about=about.value if about else GENERAL,
        text=_text(text),
        answers_id=answers_id,
        at=session.now(),
    )
    session.add(message)
    session.flush()
    tag = f"{message.side.value}:submission:{kind.value}"
    audit.record(session, actor, tag, submission.id, f"wrote {message.id}", message_id=message.id)
    return message


def _text(text: str) -> str:
    kept = tidy(text)
    if not kept:
        raise Invalid.because([Fault("text", "empty", "Write what you want to say")])
    if len(kept) > LONG:
        raise Invalid.because([Fault("text", "too long", f"Use at most {LONG} characters")])
    return kept
