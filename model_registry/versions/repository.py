"""Queries for models and versions; a supplier's begin with its own."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from model_registry.versions.models import Model, ModelVersion
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor


def within_supplier(
    statement: SelectOfScalar[Any], actor: Actor, organisation_column: Any
) -> SelectOfScalar[Any]:
    """Narrow a query to the actor's own models where the actor is a supplier."""
    if actor.supplier_id is None:
        return statement
    return statement.where(col(organisation_column) == actor.supplier_id)


def models(
    session: ReadSession, actor: Actor, *, before: str | None, limit: int
) -> Sequence[Model]:
    """Return the newest models first; `before` is the last id of the page before."""
    statement = select(Model).order_by(col(Model.id).desc()).limit(limit)
    if before is not None:
        statement = statement.where(Model.id < before)
    return session.exec(within_supplier(statement, actor, Model.organisation_id)).all()


def model(session: ReadSession, actor: Actor, model_id: str) -> Model | None:
    statement = select(Model).where(Model.id == model_id)
    return session.exec(within_supplier(statement, actor, Model.organisation_id)).first()


def models_named(session: ReadSession, actor: Actor, name: str) -> Sequence[Model]:
    statement = select(Model).where(Model.name == name).order_by(Model.id)
    return session.exec(within_supplier(statement, actor, Model.organisation_id)).all()


def model_of(session: ReadSession, organisation_id: str, name: str) -> Model | None:
    """Return an organisation's model by name: what a submission is matched with."""
    statement = select(Model).where(Model.organisation_id == organisation_id, Model.name == name)
    return session.exec(statement).first()


def versions(
    session: ReadSession, actor: Actor, *, model_id: str | None, before: str | None, limit: int
) -> Sequence[ModelVersion]:
    """Return the newest versions first; `before` is the last id of the page before."""
    statement = select(ModelVersion).order_by(col(ModelVersion.id).desc()).limit(limit)
    if model_id is not None:
        statement = statement.where(ModelVersion.model_id == model_id)
    if before is not None:
        statement = statement.where(ModelVersion.id < before)
    return session.exec(within_supplier(statement, actor, ModelVersion.organisation_id)).all()


def version(session: ReadSession, actor: Actor, version_id: str) -> ModelVersion | None:
    statement = select(ModelVersion).where(ModelVersion.id == version_id)
    return session.exec(within_supplier(statement, actor, ModelVersion.organisation_id)).first()


def version_by_digest(session: ReadSession, actor: Actor, digest: str) -> ModelVersion | None:
    statement = select(ModelVersion).where(ModelVersion.digest == digest)
    return session.exec(within_supplier(statement, actor, ModelVersion.organisation_id)).first()


def version_of(session: ReadSession, model_id: str, label: str) -> ModelVersion | None:
    statement = select(ModelVersion).where(
        ModelVersion.model_id == model_id, ModelVersion.version == label
    )
    return session.exec(statement).first()
