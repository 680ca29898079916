"""Queries for suppliers' keys, each within what the actor may read."""

from collections.abc import Sequence

from sqlmodel import col, select

from model_registry.keys.models import SupplierKey
from model_registry.versions.repository import within_supplier
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


def keys(
    session: ReadSession, actor: Actor, *, before: str | None, limit: int
) -> Sequence[SupplierKey]:
    """Return the newest keys first; `before` is the last id of the page before."""
    statement = select(SupplierKey).order_by(col(SupplierKey.id).desc()).limit(limit)
    if before is not None:
        statement = statement.where(SupplierKey.id < before)
    return session.exec(within_supplier(statement, actor, SupplierKey.organisation_id)).all()


def key(session: ReadSession, actor: Actor, row_id: str) -> SupplierKey | None:
    statement = select(SupplierKey).where(SupplierKey.id == row_id)
    return session.exec(within_supplier(statement, actor, SupplierKey.organisation_id)).first()


def keys_of(session: ReadSession, organisation_id: str) -> Sequence[SupplierKey]:
    """Return all keys of an organisation: what the signature of its package is held against."""
    statement = select(SupplierKey).where(SupplierKey.organisation_id == organisation_id)
    return session.exec(statement.order_by(SupplierKey.id)).all()
