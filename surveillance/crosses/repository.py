"""Queries for crosses. They name no site and no patient: whoever watches may read them."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from model_registry.versions.models import ModelVersion
from surveillance.crosses.models import NamedCross
from vigil.kernel.db import ReadSession

Named = Mapping[str, Sequence[str]]
# Only this of a manifest is read: a manifest is long, and versions are many.
_PATH = ("monitoring", "crosses")


def crosses(session: ReadSession) -> Sequence[NamedCross]:
    """Return every cross that was ever named, the latest first."""
    return session.exec(select(NamedCross).order_by(col(NamedCross.id).desc())).all()


def cross(session: ReadSession, cross_id: str) -> NamedCross | None:
    return session.get(NamedCross, cross_id)


def in_force(session: ReadSession) -> list[str]:
    """Return the axes of the network's crosses that are counted now."""
    statement = sa.select(col(NamedCross.axis)).where(col(NamedCross.ended_at).is_(None))
    return list(session.execute(statement.order_by(col(NamedCross.axis))).scalars())


def of_packages(session: ReadSession, version_ids: Iterable[str] | None = None) -> dict[str, Named]:
    """Return what packages name, by version; of every version where none is asked for."""
    named = sa.type_coerce(col(ModelVersion.manifest), sa.JSON)[_PATH]
    statement = sa.select(col(ModelVersion.id), named)
    if version_ids is not None:
        statement = statement.where(col(ModelVersion.id).in_(sorted(set(version_ids))))
    return {row[0]: row[1] for row in session.execute(statement) if row[1]}
