"""What the operations page and `vigil queue` tell of the work: facts, ids and types, no data."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine import repository
from vigil.kernel.engine.errors import BODY, NotFailed, StepFailed, UnknownWork
from vigil.kernel.engine.journal import read_error
from vigil.kernel.engine.ledger import PIPELINE
from vigil.kernel.engine.models import Worker
from vigil.kernel.engine.queue import Queue
from vigil.kernel.engine.queues import queue_of
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

RETRY = "engine.retry"
CRASHED = "WorkerDied"


class WorkState(StrEnum):
    """DBOS's states in Vigil's words."""

    DELAYED = "delayed"
    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DONE = "done"


_STATES = {
    "DELAYED": WorkState.DELAYED,
    "ENQUEUED": WorkState.WAITING,
    "PENDING": WorkState.RUNNING,
    "ERROR": WorkState.FAILED,
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": WorkState.FAILED,
    "CANCELLED": WorkState.CANCELLED,
    "SUCCESS": WorkState.DONE,
}


@dataclass(frozen=True)
class Depth:
    """How much work of a queue is in a state, and since when the oldest is there."""

    queue: str
    state: WorkState
    pieces: int
    oldest_at: datetime


@dataclass(frozen=True)
class FailedWork:
    """A dead letter: the step that failed and the type of its error."""

    id: str
    task: str
    queue: str
    step: str
    error: str
    starts: int
    created_at: datetime
    failed_at: datetime | None


@dataclass(frozen=True)
class OtherPipeline:
    """Unfinished work that only a worker of another pipeline can finish: an alarm."""

    pipeline: str
    pieces: int


def depths(session: ReadSession) -> list[Depth]:
    """Count unfinished and failed work by queue and state."""
    found: dict[tuple[str, WorkState], list[tuple[int, int]]] = defaultdict(list)
    for states in (repository.WAITING, repository.DELAYED, repository.FAILED):
        for row in repository.depths(session, states):
            place = queue_of(row.task), _STATES[row.state]
            found[place].append((row.pieces, row.oldest))
    return [
        Depth(queue, state, sum(n for n, _ in counts), _instant(min(at for _, at in counts)))
        for (queue, state), counts in sorted(found.items())
    ]


def failed(session: ReadSession, *, limit: int = 50, offset: int = 0) -> list[FailedWork]:
    """List failed work, the latest first."""
    return [_failed(row) for row in repository.failed(session, limit=limit, offset=offset)]


def other_pipelines(session: ReadSession) -> list[OtherPipeline]:
    rows = repository.of_other_pipelines(session, PIPELINE)
    return [OtherPipeline(row.pipeline, row.pieces) for row in rows]


def workers(session: ReadSession) -> Sequence[Worker]:
    return repository.workers(session)


def state_of(session: ReadSession, work_id: str) -> WorkState:
    """Return the state of one piece of work.

    Raises:
        UnknownWork: there is none, or it was deleted with age.
    """
    return _STATES[_one(session, work_id).state]


def retry(session: WriteSession, queue: Queue, actor: Actor, *, work_id: str, reason: str) -> None:
    """Have failed work tried again from the step that failed; steps before it are kept.

    The ledger cannot be changed within the caller's transaction, so a worker does it: this
    enqueues that, with the audit.

    Raises:
        UnknownWork: there is none.
        NotFailed: it has not failed, or was tried again already.
    """
    actor.require(Permission.QUEUE_RETRY)
    if state_of(session, work_id) not in (WorkState.FAILED, WorkState.CANCELLED):
        raise NotFailed(f"{work_id} has not failed. Only failed work can be tried again.")
    queue.enqueue(session, RETRY, work_id, key=session.new_id("rty"), priority=1)
    audit.record(session, actor, "operations:work:retry", work_id, reason)


def _one(session: ReadSession, work_id: str) -> sa.Row[Any]:
    row = repository.one(session, work_id)
    if row is None:
        raise UnknownWork(f"There is no work {work_id}.")
    return row


def _failed(row: sa.Row[Any]) -> FailedWork:
    step, error = _cause(row)
    return FailedWork(
        id=row.id,
        task=row.task,
        queue=queue_of(row.task),
        step=step,
        error=error,
        starts=row.starts,
        created_at=_instant(row.created_at),
        failed_at=_instant(row.completed_at) if row.completed_at else None,
    )


def _cause(row: sa.Row[Any]) -> tuple[str, str]:
    error = read_error(row.error)
    if error is None:
        return BODY, CRASHED
    return (error.step, error.cause) if isinstance(error, StepFailed) else (BODY, error.name)


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
