"""Queries for what lies around a change, each within the sites the actor may read."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from inference.routing.models import RoutingRevision
from inference.runs.models import Run
from model_registry.deployments.models import DeploymentPeriod
from surveillance.axes import ALL
from surveillance.crosses import service as crosses
from surveillance.records.models import FEATURE, AggregateDay, PredictionRecord, is_a_number
from surveillance.records.repository import Scope, within_scope
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

_DAYS: sa.Table = AggregateDay.__table__  # type: ignore[attr-defined]
_RECORDS: sa.Table = PredictionRecord.__table__  # type: ignore[attr-defined]
_RUNS: sa.Table = Run.__table__  # type: ignore[attr-defined]
_COUNTS = (
    "n", "flagged", "skipped", "failed", "shown", "decided", "override_fp", "override_fn",
)  # fmt: skip
# A level is looked for among so many of the window's most telling cases.
SEARCHED = 2000


def of_site(session: ReadSession, actor: Actor, scope: Scope) -> Sequence[sa.Row[Any]]:
    """Return the daily counts of one stream on every axis, undecoded."""
    return _daily(session, actor, scope, (ALL, *crosses.axes(session, scope.version_id)))


def of_all_sites(session: ReadSession, actor: Actor, scope: Scope) -> Sequence[sa.Row[Any]]:
    """Return the daily counts of everybody, of a version's finding wherever it runs."""
    return _daily(session, actor, scope, (ALL,))


def features(session: ReadSession, actor: Actor, scope: Scope) -> Sequence[sa.Row[Any]]:
    """Return the daily counts of the numbers of a version's runs, by number and day."""
    statement = _counts(scope).where(
        _DAYS.c.axis == ALL, _DAYS.c.finding_key.startswith(FEATURE, autoescape=True)
    )
    return _read(session, actor, statement.order_by(_DAYS.c.finding_key, _DAYS.c.day))


def telling(
    session: ReadSession, actor: Actor, scope: Scope, *, conditions: Sequence[Any], rising: bool
) -> Sequence[sa.Row[Any]]:
    """Return the records of a window that count, with the most telling scores first."""
    table = _RECORDS.c
    statement = sa.select(
        table.study_pseudonym, table.run_pseudonym, table.attributes, table.score, table.day
    ).where(table.superseded.is_(sa.false()), *conditions, *within_scope(PredictionRecord, scope))
    if actor.sites is not None:
        statement = statement.where(table.site_id.in_(sorted(actor.sites)))
    number = sa.case((is_a_number(table.score), table.score))
    order = number.desc().nulls_last() if rising else number.asc().nulls_last()
    return session.execute(statement.order_by(order, table.id).limit(SEARCHED)).all()


def periods(
    session: ReadSession, actor: Actor, *, model_id: str, site_id: str, until: date
) -> Sequence[DeploymentPeriod]:
    """Return how the versions of a model were deployed at a site, oldest first."""
    statement = select(DeploymentPeriod).where(
        DeploymentPeriod.model_id == model_id,
        DeploymentPeriod.site_id == site_id,
        col(DeploymentPeriod.from_at) < _midnight(until + timedelta(days=1)),
    )
    readable = within_sites(statement, actor, DeploymentPeriod.site_id)
    order = (col(DeploymentPeriod.from_at), col(DeploymentPeriod.revision))
    return session.exec(readable.order_by(*order)).all()


def published(
    session: ReadSession, actor: Actor, *, site_id: str, first: date, last: date
) -> Sequence[RoutingRevision]:
    """Return the routing revisions that a site published between two days."""
    statement = select(RoutingRevision).where(
        RoutingRevision.site_id == site_id,
        col(RoutingRevision.published_at) >= _midnight(first),
        col(RoutingRevision.published_at) < _midnight(last + timedelta(days=1)),
    )
    readable = within_sites(statement, actor, RoutingRevision.site_id)
    return session.exec(readable.order_by(col(RoutingRevision.number))).all()


def runtimes(
    session: ReadSession, actor: Actor, *, version_id: str, site_id: str, first: date, last: date
) -> Sequence[tuple[date, dict[str, Any]]]:
    """Return what computed a version's runs at a site, of the last run of each day."""
    table = _RUNS.c
    inside: list[Any] = [
        table.site_id == site_id,
        table.version_id == version_id,
        table.planned_at >= _midnight(first),
        table.planned_at < _midnight(last + timedelta(days=1)),
        table.finished_at.is_not(None),
    ]
    if actor.sites is not None:
        inside.append(table.site_id.in_(sorted(actor.sites)))
    day = sa.func.date(table.planned_at)
    # Identifiers sort by time.
    newest = sa.select(sa.func.max(table.id)).where(*inside).group_by(day)
    statement = sa.select(table.planned_at, table.runtime, table.preprocessing_digest)
    rows = session.execute(statement.where(table.id.in_(newest)).order_by(table.planned_at))
    return [
        (
            row.planned_at.astimezone(UTC).date(),
            {**row.runtime, "preprocessing_of_version": row.preprocessing_digest},
        )
        for row in rows
    ]


def _daily(
    session: ReadSession, actor: Actor, scope: Scope, axes: Sequence[str]
) -> Sequence[sa.Row[Any]]:
    statement = _counts(scope).where(_DAYS.c.axis.in_(axes))
    return _read(session, actor, statement.order_by(_DAYS.c.day))


def _counts(scope: Scope) -> sa.Select[Any]:
    return sa.select(
        _DAYS.c.site_id,
        _DAYS.c.finding_key,
        _DAYS.c.axis,
        _DAYS.c.level,
        _DAYS.c.day,
        _DAYS.c.reference_id,
        sa.type_coerce(_DAYS.c.mode, sa.String).label("mode"),
        sa.type_coerce(_DAYS.c.histogram, sa.LargeBinary).label("histogram"),
        *(_DAYS.c[name] for name in _COUNTS),
    ).where(*within_scope(AggregateDay, scope))


def _read(session: ReadSession, actor: Actor, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    if actor.sites is not None:
        statement = statement.where(_DAYS.c.site_id.in_(sorted(actor.sites)))
    return session.execute(statement).all()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
