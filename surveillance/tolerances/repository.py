"""Queries for tolerances. They hold of streams, not of patients: whoever watches may read them."""

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa
from sqlmodel import col, select

from surveillance.tolerances.models import StreamTolerance
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


def until(session: ReadSession, day: date) -> Sequence[StreamTolerance]:
    """Return all that hold by `day`, the latest first."""
    statement = select(StreamTolerance).where(col(StreamTolerance.from_day) <= day)
    order = (col(StreamTolerance.from_day).desc(), col(StreamTolerance.id).desc())
    return session.exec(statement.order_by(*order)).all()


def tolerances(
    session: ReadSession, actor: Actor, *, before: str | None, limit: int
) -> Sequence[StreamTolerance]:
    """List what was ever set that concerns the actor's sites, the newest first."""
    statement = select(StreamTolerance)
    if actor.sites is not None:
        at = col(StreamTolerance.site_id)
        statement = statement.where(sa.or_(at.is_(None), at.in_(sorted(actor.sites))))
    if before is not None:
        statement = statement.where(StreamTolerance.id < before)
    return session.exec(statement.order_by(col(StreamTolerance.id).desc()).limit(limit)).all()
