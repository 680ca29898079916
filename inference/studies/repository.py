"""Queries for studies and instances, each within the sites that the actor may read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from inference.associations.models import Association, Ending
from inference.studies.models import Instance, Study, StudyState
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


@dataclass(frozen=True)
class Deliveries:
    """The associations that brought the present revision: whether one is open, or one broke."""

    any_open: bool = False
    any_broken: bool = False


def study(session: ReadSession, actor: Actor, study_id: str) -> Study | None:
    statement = select(Study).where(Study.id == study_id)
    return session.exec(within_sites(statement, actor, Study.site_id)).first()


def studies(
    session: ReadSession,
    actor: Actor,
    *,
    before: str | None,
    state: StudyState | None,
    site_id: str | None,
    limit: int,
) -> Sequence[Study]:
    """Return studies, newest first: ids sort by the time they were made."""
    statement = within_sites(select(Study), actor, Study.site_id)
    if before is not None:
        statement = statement.where(Study.id < before)
    if state is not None:
        statement = statement.where(Study.state == state)
    if site_id is not None:
        statement = statement.where(Study.site_id == site_id)
    return session.exec(statement.order_by(col(Study.id).desc()).limit(limit)).all()


def instances(session: ReadSession, actor: Actor, study_id: str) -> Sequence[Instance]:
    statement = (
        select(Instance)
        .where(Instance.study_id == study_id)
        .order_by(Instance.series_instance_uid, Instance.sop_instance_uid)
    )
    return session.exec(within_sites(statement, actor, Instance.site_id)).all()


def counts(session: ReadSession, actor: Actor, study_ids: Iterable[str]) -> dict[str, int]:
    """Return how many instances each of these studies has."""
    statement: Any = (
        select(Instance.study_id, sa.func.count())
        .where(col(Instance.study_id).in_(list(study_ids)))
        .group_by(col(Instance.study_id))
    )
    return dict(session.exec(within_sites(statement, actor, Instance.site_id)).all())


def instance_by_uid(
    session: ReadSession, actor: Actor, site_id: str, sop_instance_uid: str
) -> Instance | None:
    statement = select(Instance).where(
        Instance.site_id == site_id, Instance.sop_instance_uid == sop_instance_uid
    )
    return session.exec(within_sites(statement, actor, Instance.site_id)).first()


def locked_study(
    session: WriteSession, actor: Actor, site_id: str, study_instance_uid: str
) -> Study | None:
    """Return the study, held against other writers until the transaction ends (PostgreSQL)."""
    statement = (
        select(Study)
        .where(Study.site_id == site_id, Study.study_instance_uid == study_instance_uid)
        .with_for_update(key_share=True)
    )
    return session.exec(within_sites(statement, actor, Study.site_id)).first()


def locked_study_by_id(session: WriteSession, actor: Actor, study_id: str) -> Study | None:
    statement = (
        select(Study)
        .where(Study.id == study_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return session.exec(within_sites(statement, actor, Study.site_id)).first()


def receiving(
    session: ReadSession, actor: Actor, *, quiet_since: datetime, started_by: datetime, limit: int
) -> Sequence[Study]:
    """Return studies that may be complete: quiet since then, or their revision that old."""
    statement = (
        select(Study)
        .where(
            Study.state == StudyState.RECEIVING,
            sa.or_(
                col(Study.last_arrival_at) <= quiet_since,
                col(Study.revision_started_at) <= started_by,
            ),
        )
        .order_by(col(Study.last_arrival_at))
        .limit(limit)
    )
    return session.exec(within_sites(statement, actor, Study.site_id)).all()


def deliveries(
    session: ReadSession, actor: Actor, studies: Sequence[Study]
) -> dict[str, Deliveries]:
    """Return, for each of these studies, how the associations of its present revision stand."""
    statement: Any = (
        select(Instance.study_id, Association.closed_at, Association.ending)
        .join(Association, col(Instance.association_id) == col(Association.id))
        .join(Study, col(Instance.study_id) == col(Study.id))
        .where(
            col(Study.id).in_([study.id for study in studies]),
            col(Instance.study_revision) == col(Study.revision),
        )
        .distinct()
    )
    found: dict[str, Deliveries] = {study.id: Deliveries() for study in studies}
    for study_id, closed_at, ending in session.exec(within_sites(statement, actor, Study.site_id)):
        known = found[study_id]
        is_broken = closed_at is not None and ending is not Ending.RELEASED
        found[study_id] = Deliveries(
            any_open=known.any_open or closed_at is None, any_broken=known.any_broken or is_broken
        )
    return found


def count_from(session: ReadSession, association_id: str) -> int:
    """Return how many instances an association brought."""
    statement = select(sa.func.count()).where(Instance.association_id == association_id)
    return session.exec(statement).one()


def known_digests(session: ReadSession, digests: Sequence[str]) -> set[str]:
    """Return which of these objects an instance refers to."""
    statement = select(Instance.digest).where(col(Instance.digest).in_(digests))
    return set(session.exec(statement).all())
