"""Queries for nodes."""

from collections.abc import Sequence

from sqlmodel import col, select

from model_registry.nodes.models import Node
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def nodes(
    session: ReadSession, actor: Actor, *, after: str | None = None, limit: int | None = None
) -> Sequence[Node]:
    """Return nodes, newest first, from the one after `after`."""
    statement = select(Node).order_by(col(Node.id).desc()).limit(limit)
    if after is not None:
        statement = statement.where(col(Node.id) < after)
    return session.exec(within_sites(statement, actor, Node.site_id)).all()


def node(session: ReadSession, actor: Actor, node_id: str) -> Node | None:
    statement = select(Node).where(Node.id == node_id)
    return session.exec(within_sites(statement, actor, Node.site_id)).first()


def node_for_calling_ae(session: ReadSession, calling_ae: str) -> Node | None:
    """Return the active source that calls itself so: who is at the door, before any actor is."""
    return session.exec(
        select(Node).where(
            Node.ae_title == calling_ae.strip(" "), col(Node.is_source), col(Node.active)
        )
    ).first()


def destinations_of(session: ReadSession, actor: Actor, site_id: str) -> Sequence[Node]:
    """Return where the results of a site go."""
    statement = (
        select(Node)
        .where(Node.site_id == site_id, col(Node.is_destination), col(Node.active))
        .order_by(Node.ae_title, Node.id)
    )
    return session.exec(within_sites(statement, actor, Node.site_id)).all()
