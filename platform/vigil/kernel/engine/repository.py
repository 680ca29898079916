"""Queries over the engine's own tables and, reading only, over DBOS's.

States are written into the SQL as literals: SQLite uses DBOS's partial indexes only where it sees
them, and without these each query would read every piece of work of the last months.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, delete, select

from vigil.kernel.clock import utc_now
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine import tables
from vigil.kernel.engine.models import StepOutcome, Worker

WAITING = ("ENQUEUED", "PENDING")
DELAYED = ("DELAYED",)
FAILED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
ACTIVE = WAITING + DELAYED


def database_now(session: ReadSession) -> datetime:
    """Return the database's time: machines that share a database need not agree on their own."""
    if session.get_bind().dialect.name == "sqlite":
        return utc_now()
    now: datetime = session.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return now


def worker(session: ReadSession, worker_id: str) -> Worker | None:
    return session.get(Worker, worker_id)


def workers(session: ReadSession) -> Sequence[Worker]:
    return session.exec(select(Worker).order_by(Worker.id)).all()


def owners_of_running(session: ReadSession, pipeline: str) -> Sequence[str]:
    """Return every worker that has work of this pipeline in progress, alive or not."""
    work = tables.work(session)
    statement = sa.select(work.c.executor_id).where(
        _state(work, "PENDING"),
        work.c.executor_id.is_not(None),
        work.c.application_version == pipeline,
    )
    return session.execute(statement.distinct()).scalars().all()


def running(session: ReadSession, worker_id: str) -> Sequence[sa.Row[Any]]:
    """Return a worker's work in progress: id, task, queue, when it was last seen to move."""
    work, steps = tables.work(session), tables.steps(session)
    last_step = (
        sa.select(sa.func.max(steps.c.completed_at_epoch_ms))
        .where(steps.c.workflow_uuid == work.c.workflow_uuid)
        .scalar_subquery()
    )
    moved = sa.func.coalesce(last_step, work.c.started_at_epoch_ms, work.c.created_at)
    statement = sa.select(
        work.c.workflow_uuid.label("id"),
        work.c.name.label("task"),
        work.c.queue_name.label("queue"),
        work.c.started_at_epoch_ms.label("started_at"),
        moved.label("moved_at"),
    ).where(_state(work, "PENDING"), work.c.executor_id == worker_id)
    return session.execute(statement).all()


def depths(session: ReadSession, states: tuple[str, ...]) -> Sequence[sa.Row[Any]]:
    """Count work by task and state, with the creation time of the oldest."""
    work = tables.work(session)
    statement = (
        sa.select(
            work.c.name.label("task"),
            work.c.status.label("state"),
            sa.func.count().label("pieces"),
            sa.func.min(work.c.created_at).label("oldest"),
        )
        .where(_state(work, *states))
        .group_by(work.c.name, work.c.status)
    )
    return session.execute(statement).all()


def failed(session: ReadSession, *, limit: int, offset: int) -> Sequence[sa.Row[Any]]:
    """Return failed work, the latest first, with the error that was kept."""
    work, outputs = tables.work(session), tables.outputs(session)
    statement = (
        sa.select(*_facts(work), outputs.c.error)
        .select_from(work.outerjoin(outputs, outputs.c.workflow_uuid == work.c.workflow_uuid))
        .where(_state(work, *FAILED))
        .order_by(work.c.created_at.desc(), work.c.workflow_uuid)
    )
    return session.execute(statement.limit(limit).offset(offset)).all()


def of_other_pipelines(session: ReadSession, pipeline: str) -> Sequence[sa.Row[Any]]:
    """Count unfinished work that was begun by another generation of workflows."""
    work = tables.work(session)
    version = work.c.application_version
    statement = (
        sa.select(version.label("pipeline"), sa.func.count().label("pieces"))
        .where(_state(work, *WAITING), version.is_not(None), version != pipeline)
        .group_by(version)
    )
    return session.execute(statement).all()


def one(session: ReadSession, work_id: str) -> sa.Row[Any] | None:
    work = tables.work(session)
    statement = sa.select(*_facts(work)).where(work.c.workflow_uuid == work_id)
    return session.execute(statement).first()


def last_step(session: ReadSession, work_id: str) -> sa.Row[Any] | None:
    """Return the number of the last step that finished, and whether by an error."""
    steps = tables.steps(session)
    statement = (
        sa.select(steps.c.function_id.label("number"), steps.c.error.is_not(None).label("failed"))
        .where(steps.c.workflow_uuid == work_id)
        .order_by(steps.c.function_id.desc())
        .limit(1)
    )
    return session.execute(statement).first()


def finished_before(session: ReadSession, milliseconds: int, limit: int) -> Sequence[str]:
    work = tables.work(session)
    statement = sa.select(work.c.workflow_uuid).where(
        work.c.completed_at.is_not(None), work.c.completed_at < milliseconds
    )
    return session.execute(statement.limit(limit)).scalars().all()


def forget_outcomes(session: WriteSession, work_ids: Sequence[str]) -> None:
    session.exec(delete(StepOutcome).where(col(StepOutcome.work_id).in_(work_ids)))


def forget_workers(session: WriteSession, silent_since: datetime) -> None:
    session.exec(delete(Worker).where(col(Worker.beat_at) < silent_since))


def _state(work: sa.TableClause, *states: str) -> sa.ColumnElement[bool]:
    return work.c.status.in_([sa.literal_column(f"'{state}'") for state in states])


def _facts(work: sa.TableClause) -> tuple[sa.ColumnElement[Any], ...]:
    return (
        work.c.workflow_uuid.label("id"),
        work.c.name.label("task"),
        work.c.status.label("state"),
        work.c.queue_name.label("queue"),
        work.c.queue_partition_key.label("partition"),
        work.c.recovery_attempts.label("starts"),
        work.c.created_at,
        work.c.completed_at,
    )
