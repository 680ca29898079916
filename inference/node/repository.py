"""Queries for what is in quarantine."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from inference.node.models import Quarantine
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def quarantine(session: ReadSession, actor: Actor, *, limit: int) -> Sequence[Quarantine]:
    """Return what was kept but not filed, newest first."""
    statement = select(Quarantine).order_by(col(Quarantine.id).desc()).limit(limit)
    return session.exec(within_sites(statement, actor, Quarantine.site_id)).all()


def quarantined(
    session: ReadSession, *, site_id: str | None, object_digest: str, status: int
) -> Quarantine | None:
    statement = select(Quarantine).where(
        Quarantine.site_id == site_id,
        Quarantine.object_digest == object_digest,
        Quarantine.status == status,
    )
    return session.exec(statement).first()


def count_from(session: ReadSession, association_id: str) -> int:
    """Return how many objects of an association are in quarantine."""
    statement = select(sa.func.count()).where(Quarantine.association_id == association_id)
    return session.exec(statement).one()


def known_digests(session: ReadSession, digests: Sequence[str]) -> set[str]:
    """Return which of these objects are in quarantine."""
    statement = select(Quarantine.object_digest).where(col(Quarantine.object_digest).in_(digests))
    return set(session.exec(statement).all())
