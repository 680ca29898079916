"""Queries across the registry, each within what the actor may read, a handful for any page."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from model_registry.catalogue.models import Filters
from model_registry.deployments.models import Deployment, DeploymentPeriod, Mode
from model_registry.versions.models import Model, ModelAlias, ModelVersion, VersionChange
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation, RoleGrant
from vigil.kernel.identity.repository import within_sites


def lines(
    session: ReadSession, actor: Actor, filters: Filters, *, before: str | None, limit: int
) -> Sequence[Any]:
    """Return (model, supplier's name and code, newest version, versions), newest model first."""
    newest = (
        sa.select(
            col(ModelVersion.model_id).label("model_id"),
            sa.func.max(ModelVersion.id).label("id"),
            sa.func.count().label("versions"),
        )
        .group_by(col(ModelVersion.model_id))
        .subquery()
    )
    statement = (
        sa.select(
            Model,
            col(Organisation.name),
            col(Organisation.ods_code),
            ModelVersion,
            newest.c.versions,
        )
        .join(Organisation, col(Model.organisation_id) == col(Organisation.id))
        .join(newest, newest.c.model_id == col(Model.id))
        .join(ModelVersion, col(ModelVersion.id) == newest.c.id)
        .order_by(col(Model.id).desc())
        .limit(limit)
    )
    if actor.supplier_id is not None:
        statement = statement.where(col(Model.organisation_id) == actor.supplier_id)
    if before is not None:
        statement = statement.where(col(Model.id) < before)
    return session.execute(_filtered(statement, filters)).all()


def _filtered(statement: sa.Select[Any], filters: Filters) -> sa.Select[Any]:
    if filters.supplier is not None:
        statement = statement.where(col(Organisation.ods_code) == filters.supplier)
    if filters.status is not None:
        statement = statement.where(col(ModelVersion.status) == filters.status)
    if filters.text is not None:
        columns = (col(Model.name), col(Model.title), col(Organisation.name))
        statement = statement.where(
            or_(*(column.icontains(filters.text, autoescape=True) for column in columns))
        )
    return statement


def suppliers(session: ReadSession, actor: Actor) -> Sequence[Organisation]:
    """Return the suppliers of the models that the actor may read."""
    having = select(Model.organisation_id).distinct()
    if actor.supplier_id is not None:
        having = having.where(Model.organisation_id == actor.supplier_id)
    statement = select(Organisation).where(col(Organisation.id).in_(having))
    return session.exec(statement.order_by(Organisation.name)).all()


def live_sites(session: ReadSession, actor: Actor, model_ids: Collection[str]) -> dict[str, int]:
    """Return at how many of the actor's sites each model is live."""
    statement = (
        sa.select(col(Deployment.model_id), sa.func.count())
        .where(col(Deployment.model_id).in_(model_ids), col(Deployment.mode) == Mode.LIVE)
        .group_by(col(Deployment.model_id))
    )
    if actor.supplier_id is None:
        statement = within_sites(statement, actor, Deployment.site_id)
    return dict(session.execute(statement).all())


def aliases(session: ReadSession, model_ids: Collection[str]) -> Sequence[Any]:
    """Return (model's id, alias, version's label) of what stands now."""
    statement = (
        sa.select(col(ModelAlias.model_id), col(ModelAlias.name), col(ModelVersion.version))
        .join(ModelVersion, col(ModelVersion.id) == col(ModelAlias.version_id))
        .where(col(ModelAlias.model_id).in_(model_ids), col(ModelAlias.ended_at).is_(None))
        .order_by(col(ModelAlias.name))
    )
    return session.execute(statement).all()


def labels(session: ReadSession, model_id: str) -> dict[str, str]:
    """Return the label of every version of a model by id."""
    statement = sa.select(col(ModelVersion.id), col(ModelVersion.version))
    rows = session.execute(statement.where(col(ModelVersion.model_id) == model_id))
    return dict(rows.all())


def periods(
    session: ReadSession,
    actor: Actor,
    model_id: str,
    *,
    site_id: str | None = None,
    first: datetime | None = None,
    last: datetime | None = None,
    limit: int | None = None,
) -> Sequence[DeploymentPeriod]:
    """Return how a model's deployments stood, the newest first."""
    statement = _own_periods(actor, model_id, site_id)
    statement = _between(statement, DeploymentPeriod.from_at, first, last)
    newest = col(DeploymentPeriod.from_at).desc(), col(DeploymentPeriod.id).desc()
    return session.exec(statement.order_by(*newest).limit(limit)).all()


def periods_at(
    session: ReadSession, actor: Actor, model_id: str, at: datetime, site_id: str | None
) -> Sequence[DeploymentPeriod]:
    """Return how a model's deployments stood at an instant; a period ends before its `to_at`."""
    statement = _own_periods(actor, model_id, site_id).where(
        DeploymentPeriod.from_at <= at,
        or_(col(DeploymentPeriod.to_at).is_(None), col(DeploymentPeriod.to_at) > at),
    )
    return session.exec(statement.order_by(DeploymentPeriod.site_id, DeploymentPeriod.id)).all()


def status_changes(
    session: ReadSession,
    model_id: str,
    *,
    first: datetime | None = None,
    last: datetime | None = None,
    limit: int | None = None,
) -> Sequence[VersionChange]:
    """Return the steps of a model's versions, the newest first."""
    statement = select(VersionChange).where(VersionChange.model_id == model_id)
    statement = _between(statement, VersionChange.at, first, last)
    newest = col(VersionChange.at).desc(), col(VersionChange.id).desc()
    return session.exec(statement.order_by(*newest).limit(limit)).all()


def alias_rows(
    session: ReadSession, model_id: str, last: datetime | None = None
) -> Sequence[ModelAlias]:
    """Return all that a model's aliases have stood for, the newest first."""
    statement = select(ModelAlias).where(ModelAlias.model_id == model_id)
    statement = _between(statement, ModelAlias.set_at, None, last)
    return session.exec(statement.order_by(col(ModelAlias.set_at).desc())).all()


def roles(session: ReadSession, user_ids: Collection[str]) -> dict[str, list[str]]:
    """Return the roles that people hold now: for deeds noted before their role was noted too."""
    found: dict[str, list[str]] = {}
    statement = select(RoleGrant).where(col(RoleGrant.user_id).in_(user_ids))
    for grant in session.exec(statement).all():
        found.setdefault(grant.user_id, []).append(grant.role.value)
    return found


def _own_periods(
    actor: Actor, model_id: str, site_id: str | None
) -> SelectOfScalar[DeploymentPeriod]:
    """Return the query for a model that the actor may read, at the sites that it may read."""
    statement = select(DeploymentPeriod).where(DeploymentPeriod.model_id == model_id)
    if actor.supplier_id is None:
        statement = within_sites(statement, actor, DeploymentPeriod.site_id)
    return statement if site_id is None else statement.where(DeploymentPeriod.site_id == site_id)


def _between(
    statement: SelectOfScalar[Any], column: Any, first: datetime | None, last: datetime | None
) -> SelectOfScalar[Any]:
    if first is not None:
        statement = statement.where(col(column) >= first)
    return statement if last is None else statement.where(col(column) <= last)
