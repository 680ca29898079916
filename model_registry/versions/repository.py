"""Queries for models and versions; a supplier's begin with its own."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from model_registry.versions.models import (
    Model,
    ModelAlias,
    ModelVersion,
    VersionChange,
    VersionFile,
)
from vigil.kernel.db import ReadSession, WriteSession
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


def lock(session: WriteSession, found: ModelVersion) -> None:
    """Read a version as it is now, locked until the transaction ends: of two steps one waits.

    Its key stays free: a row that only refers to it, such as a period of history, does not wait.
    """
    session.refresh(found, with_for_update={"key_share": True})


def hold(session: WriteSession, found: ModelVersion) -> None:
    """Read a version as it is now; many may hold it, and nobody moves it until they are done."""
    session.refresh(found, with_for_update={"read": True})


def files(session: ReadSession, version_id: str) -> Sequence[VersionFile]:
    statement = select(VersionFile).where(VersionFile.version_id == version_id)
    return session.exec(statement.order_by(VersionFile.name)).all()


def changes(session: ReadSession, version_id: str) -> Sequence[VersionChange]:
    statement = select(VersionChange).where(VersionChange.version_id == version_id)
    return session.exec(statement.order_by(col(VersionChange.at), col(VersionChange.id))).all()


def predecessor(session: ReadSession, found: ModelVersion) -> ModelVersion | None:
    """Return the version of the same model that was submitted before this one."""
    statement = select(ModelVersion).where(
        ModelVersion.model_id == found.model_id, ModelVersion.id < found.id
    )
    return session.exec(statement.order_by(col(ModelVersion.id).desc()).limit(1)).first()


def successor(session: ReadSession, found: ModelVersion) -> ModelVersion | None:
    """Return the version of the same model that was submitted after this one."""
    statement = select(ModelVersion).where(
        ModelVersion.model_id == found.model_id, ModelVersion.id > found.id
    )
    return session.exec(statement.order_by(ModelVersion.id).limit(1)).first()


def standing_alias(session: ReadSession, model_id: str, name: str) -> ModelAlias | None:
    statement = select(ModelAlias).where(
        ModelAlias.model_id == model_id,
        ModelAlias.name == name,
        col(ModelAlias.ended_at).is_(None),
    )
    return session.exec(statement).first()


def standing_aliases(session: ReadSession, model_ids: Collection[str]) -> Sequence[ModelAlias]:
    """Return the aliases of models that the caller has read already, by name."""
    statement = select(ModelAlias).where(
        col(ModelAlias.model_id).in_(model_ids), col(ModelAlias.ended_at).is_(None)
    )
    return session.exec(statement.order_by(ModelAlias.name)).all()


def standing_for(session: ReadSession, version_id: str) -> Sequence[ModelAlias]:
    """Return the aliases that stand for a version."""
    statement = select(ModelAlias).where(
        ModelAlias.version_id == version_id, col(ModelAlias.ended_at).is_(None)
    )
    return session.exec(statement.order_by(ModelAlias.name)).all()
