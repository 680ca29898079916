"""Queries for references. Those of a site are for who may read the site."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from surveillance.references.models import Reference, ReferenceStatus
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

# Asked once for each record, so built once.
_ON_DAY = (
    select(Reference)
    .where(
        Reference.version_id == sa.bindparam("version_id"),
        Reference.finding_key == sa.bindparam("finding_key"),
        col(Reference.effective_from) <= sa.bindparam("day"),
        sa.or_(col(Reference.site_id) == sa.bindparam("site_id"), col(Reference.site_id).is_(None)),
    )
    .order_by(
        col(Reference.site_id).is_(None),
        col(Reference.effective_from).desc(),
        col(Reference.id).desc(),
    )
    .limit(1)
)

_HELD = sa.select(
    col(Reference.id),
    col(Reference.finding_key),
    col(Reference.site_id),
    col(Reference.effective_from),
    sa.cast(col(Reference.edges), sa.Text),
).where(
    col(Reference.version_id) == sa.bindparam("version_id"),
    sa.or_(col(Reference.site_id) == sa.bindparam("site_id"), col(Reference.site_id).is_(None)),
)


class Held(NamedTuple):
    """What a reference counts on, its edges as the text they are kept as."""

    id: str
    finding_key: str
    site_id: str | None
    effective_from: date
    edges: str


def held(session: ReadSession, version_id: str, site_id: str) -> list[Held]:
    """Return every reference that a version ever had at a site, its own and the general ones."""
    found = session.connection().execute(_HELD, {"version_id": version_id, "site_id": site_id})
    return [Held(*row) for row in found]


def on_day(
    session: ReadSession, version_id: str, site_id: str, finding_key: str, day: date
) -> Reference | None:
    """Return what counted on `day`: the site's own reference, or the one that holds anywhere."""
    stream = {"version_id": version_id, "site_id": site_id, "finding_key": finding_key}
    return session.exec(_ON_DAY, params={**stream, "day": day}).first()


def active(
    session: ReadSession, version_id: str, site_id: str | None, finding_key: str
) -> Reference | None:
    statement = select(Reference).where(
        Reference.version_id == version_id,
        Reference.finding_key == finding_key,
        Reference.status == ReferenceStatus.ACTIVE,
    )
    at = col(Reference.site_id)
    statement = statement.where(at.is_(None) if site_id is None else at == site_id)
    return session.exec(statement).first()


def references(
    session: ReadSession, actor: Actor, version_id: str | None = None
) -> Sequence[Reference]:
    statement = select(Reference).order_by(col(Reference.id).desc())
    if version_id is not None:
        statement = statement.where(Reference.version_id == version_id)
    if actor.sites is not None:
        at = col(Reference.site_id)
        statement = statement.where(sa.or_(at.is_(None), at.in_(sorted(actor.sites))))
    return session.exec(statement).all()


def reference(session: ReadSession, reference_id: str) -> Reference | None:
    return session.get(Reference, reference_id)
