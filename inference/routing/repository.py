"""Queries for revisions and decisions, each within the sites the actor may read."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from inference.routing.models import RevisionState, RoutingDecision, RoutingRevision
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def published(session: ReadSession, site_id: str) -> RoutingRevision | None:
    """Return the revision in force; a query constraint, so that no stale rule can fire."""
    return session.exec(
        select(RoutingRevision).where(
            RoutingRevision.site_id == site_id, RoutingRevision.state == RevisionState.PUBLISHED
        )
    ).first()


def revision(session: ReadSession, actor: Actor, revision_id: str) -> RoutingRevision | None:
    statement = select(RoutingRevision).where(RoutingRevision.id == revision_id)
    return session.exec(within_sites(statement, actor, RoutingRevision.site_id)).first()


def revisions(session: ReadSession, actor: Actor, site_id: str) -> Sequence[RoutingRevision]:
    statement = select(RoutingRevision).where(RoutingRevision.site_id == site_id)
    statement = statement.order_by(col(RoutingRevision.number).desc())
    return session.exec(within_sites(statement, actor, RoutingRevision.site_id)).all()


def in_force_before(session: ReadSession, revision: RoutingRevision) -> Iterator[RoutingRevision]:
    """Yield the revisions that were in force before this one, the newest first."""
    statement = select(RoutingRevision).where(
        RoutingRevision.site_id == revision.site_id,
        RoutingRevision.state == RevisionState.SUPERSEDED,
        col(RoutingRevision.published_at) < revision.published_at,
    )
    yield from session.exec(statement.order_by(col(RoutingRevision.published_at).desc()))


def last_number(session: ReadSession, site_id: str) -> int:
    statement = select(sa.func.max(RoutingRevision.number)).where(
        RoutingRevision.site_id == site_id
    )
    return session.exec(statement).one() or 0


def decisions(session: ReadSession, actor: Actor, study_id: str) -> Sequence[RoutingDecision]:
    statement = select(RoutingDecision).where(RoutingDecision.study_id == study_id)
    statement = statement.order_by(
        col(RoutingDecision.study_revision),
        col(RoutingDecision.decided_at),
        col(RoutingDecision.id),
    )
    return session.exec(within_sites(statement, actor, RoutingDecision.site_id)).all()


def reasons_not_sent(session: ReadSession, actor: Actor) -> Sequence[tuple[str, str, int]]:
    """Count studies not sent, by rule and reason."""
    statement = (
        select(RoutingDecision.rule, RoutingDecision.reason, sa.func.count())
        .where(col(RoutingDecision.sent).is_(False))
        .group_by(RoutingDecision.rule, RoutingDecision.reason)
        .order_by(sa.func.count().desc())
    )
    return session.exec(within_sites(statement, actor, RoutingDecision.site_id)).all()
