"""Queries for stops.

A stop of a model or supplier is read by every hospital that may run it and by that supplier; a stop
of a site, by who may read the site.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from model_registry.deployments.models import Deployment, Mode
from model_registry.stops.models import Scope, StopOrder
from model_registry.versions.models import Model, ModelVersion
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Organisation, OrganisationKind, Site
from vigil.kernel.identity.repository import within_sites

Covered = tuple[Deployment, str, str, str]
_NEWEST = col(StopOrder.id).desc()
_IN_FORCE = col(StopOrder.lifted_at).is_(None)


@dataclass(frozen=True)
class NamedStop:
    """An order, and what people call the thing that it stops."""

    order: StopOrder
    target: str


def covering(
    session: ReadSession, *, site_id: str, model_id: str, organisation_id: str | None = None
) -> StopOrder | None:
    """Return an order in force that covers a model at a site, the oldest of several."""
    supplier: Any = organisation_id
    if supplier is None:
        supplier = select(Model.organisation_id).where(Model.id == model_id).scalar_subquery()
    statement = select(StopOrder).where(
        _IN_FORCE,
        or_(
            col(StopOrder.site_id) == site_id,
            col(StopOrder.model_id) == model_id,
            col(StopOrder.organisation_id) == supplier,
        ),
    )
    return session.exec(statement.order_by(StopOrder.id).limit(1)).first()


def named(
    session: ReadSession,
    actor: Actor,
    *,
    in_force: bool | None = None,
    scope: Scope | None = None,
    stop_id: str | None = None,
    before: str | None = None,
    limit: int | None = None,
) -> list[NamedStop]:
    """Return orders with the names of their targets, newest first: one query."""
    statement: Any = (
        select(StopOrder, Site.name, Model.title, Organisation.name)
        .outerjoin(Site, col(StopOrder.site_id) == col(Site.id))
        .outerjoin(Model, col(StopOrder.model_id) == col(Model.id))
        .outerjoin(Organisation, col(StopOrder.organisation_id) == col(Organisation.id))
    )
    if in_force is not None:
        statement = statement.where(_IN_FORCE if in_force else ~_IN_FORCE)
    if scope is not None:
        statement = statement.where(StopOrder.scope == scope)
    if stop_id is not None:
        statement = statement.where(StopOrder.id == stop_id)
    if before is not None:
        statement = statement.where(col(StopOrder.id) < before)
    rows = session.exec(_readable(statement, actor).order_by(_NEWEST).limit(limit)).all()
    return [NamedStop(order, site or model or supplier) for order, site, model, supplier in rows]


def held(session: WriteSession, actor: Actor, stop_id: str) -> StopOrder | None:
    """Return an order as it is now, held against other writers (PostgreSQL)."""
    statement = (
        select(StopOrder)
        .where(StopOrder.id == stop_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(_readable(statement, actor)).first()


def covered(
    session: ReadSession, actor: Actor, scope: Scope, target_id: str, modes: Sequence[Mode]
) -> Sequence[Covered]:
    """Return the deployments in these modes that an order stops, of those the actor may read."""
    statement: Any = (
        select(Deployment, Site.name, Model.title, ModelVersion.version)
        .join(Site, col(Deployment.site_id) == col(Site.id))
        .join(Model, col(Deployment.model_id) == col(Model.id))
        .join(ModelVersion, col(Deployment.version_id) == col(ModelVersion.id))
        .where(col(Deployment.mode).in_(modes), _within(scope, target_id))
    )
    if actor.supplier_id is not None:
        statement = statement.where(Model.organisation_id == actor.supplier_id)
    else:
        statement = within_sites(statement, actor, Deployment.site_id)
    rows = session.exec(statement.order_by(Site.name, Model.title, ModelVersion.version)).all()
    return [(one, site, model, version) for one, site, model, version in rows]


def models(session: ReadSession) -> Sequence[Model]:
    return session.exec(select(Model).order_by(Model.title)).all()


def suppliers(session: ReadSession) -> Sequence[Organisation]:
    statement = select(Organisation).where(Organisation.kind == OrganisationKind.SUPPLIER)
    return session.exec(statement.order_by(Organisation.name)).all()


def _within(scope: Scope, target_id: str) -> Any:
    if scope is Scope.SITE:
        return col(Deployment.site_id) == target_id
    if scope is Scope.MODEL:
        return col(Deployment.model_id) == target_id
    own = select(Model.id).where(Model.organisation_id == target_id)
    return col(Deployment.model_id).in_(own)


def _readable(statement: SelectOfScalar[Any], actor: Actor) -> SelectOfScalar[Any]:
    if actor.supplier_id is not None:
        own = select(Model.id).where(Model.organisation_id == actor.supplier_id)
        return statement.where(
            or_(
                col(StopOrder.organisation_id) == actor.supplier_id,
                col(StopOrder.model_id).in_(own),
            )
        )
    if actor.sites is None:
        return statement
    at_own_site = col(StopOrder.site_id).in_(sorted(actor.sites))
    return statement.where(or_(col(StopOrder.site_id).is_(None), at_own_site))
