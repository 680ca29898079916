"""Queries over the audit. There is no update and no delete."""

from collections.abc import Iterator, Sequence

from sqlmodel import col, select

from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import ReadSession

BATCH = 1000


def head(session: ReadSession) -> AuditEvent | None:
    return session.exec(
        select(AuditEvent).order_by(col(AuditEvent.sequence).desc()).limit(1)
    ).first()


def chain(session: ReadSession) -> Iterator[AuditEvent]:
    """Yield every event in order, read in batches so that memory does not grow with history."""
    last = 0
    while batch := _after(session, last):
        yield from batch
        last = batch[-1].sequence
        session.expunge_all()


def recent(
    session: ReadSession,
    *,
    before: int | None,
    subject: str | None,
    limit: int,
    organisation_id: str | None = None,
) -> Sequence[AuditEvent]:
    """Return events, newest first; with `organisation_id`, only what its people did."""
    statement = select(AuditEvent).order_by(col(AuditEvent.sequence).desc()).limit(limit)
    if before is not None:
        statement = statement.where(AuditEvent.sequence < before)
    if organisation_id is not None:
        statement = statement.where(AuditEvent.organisation_id == organisation_id)
    if subject is not None:
        statement = statement.where(AuditEvent.subject == subject)
    return session.exec(statement).all()


def _after(session: ReadSession, sequence: int) -> Sequence[AuditEvent]:
    statement = select(AuditEvent).where(AuditEvent.sequence > sequence)
    return session.exec(statement.order_by(col(AuditEvent.sequence)).limit(BATCH)).all()
