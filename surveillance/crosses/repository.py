"""Queries for crosses. They name no site and no patient: whoever watches may read them."""

import json
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlmodel import col, select

from model_registry.versions.models import ModelVersion
from surveillance.crosses.models import NamedCross
from vigil.kernel.db import ReadSession

Named = Mapping[str, Sequence[str]]
# Only this of a manifest is read: a manifest is long, and versions are many.
_PATH = ("monitoring", "crosses")
# Asked for each record, so in one statement, and as text: what the network names, then the package.
_OF_VERSION = (
    "SELECT axis, NULL FROM named_cross WHERE ended_at IS NULL "
    "UNION ALL SELECT NULL, {crosses} FROM model_version WHERE id = :version_id"
)
_ASKED = {
    "sqlite": sa.text(_OF_VERSION.format(crosses="json_extract(manifest, '$.monitoring.crosses')")),
    "postgresql": sa.text(
        _OF_VERSION.format(crosses="CAST(manifest #> '{monitoring,crosses}' AS TEXT)")
    ),
}


def crosses(session: ReadSession) -> Sequence[NamedCross]:
    """Return every cross that was ever named, the latest first."""
    return session.exec(select(NamedCross).order_by(col(NamedCross.id).desc())).all()


def cross(session: ReadSession, cross_id: str) -> NamedCross | None:
    return session.get(NamedCross, cross_id)


def in_force(session: ReadSession) -> list[str]:
    """Return the axes of the network's crosses that are counted now."""
    statement = sa.select(col(NamedCross.axis)).where(col(NamedCross.ended_at).is_(None))
    return list(session.execute(statement.order_by(col(NamedCross.axis))).scalars())


def of_version(session: ReadSession, version_id: str) -> tuple[list[str], Named]:
    """Return the axes of the network's crosses that are counted now, and what a package names."""
    connection = session.connection()
    rows = connection.execute(_ASKED[connection.dialect.name], {"version_id": version_id}).all()
    named = next((row[1] for row in rows if row[1] is not None), None)
    found: Named = json.loads(named) if named else {}
    return sorted(row[0] for row in rows if row[0] is not None), found or {}


def of_packages(session: ReadSession) -> list[Named]:
    """Return what the packages of all versions name."""
    named = sa.type_coerce(col(ModelVersion.manifest), sa.JSON)[_PATH]
    return [row for row in session.execute(sa.select(named)).scalars() if row]
