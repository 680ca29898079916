"""Queries for associations."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, select

from inference.associations.models import Association, Ending
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def association(session: ReadSession, actor: Actor, association_id: str) -> Association | None:
    statement = select(Association).where(Association.id == association_id)
    return session.exec(within_sites(statement, actor, Association.site_id)).first()


def open_at(session: ReadSession, receiver: str) -> Sequence[Association]:
    """Return what a receiver still holds open; before it starts, what it left behind."""
    return session.exec(
        select(Association).where(
            Association.receiver == receiver, col(Association.closed_at).is_(None)
        )
    ).all()


def refused_since(
    session: ReadSession, *, calling_ae: str, called_ae: str, peer_host: str, since: datetime
) -> Association | None:
    statement = select(Association).where(
        Association.ending == Ending.REFUSED,
        Association.calling_ae == calling_ae,
        Association.called_ae == called_ae,
        Association.peer_host == peer_host,
        col(Association.opened_at) >= since,
    )
    return session.exec(statement.order_by(col(Association.opened_at).desc()).limit(1)).first()
