"""Queries for labels, their batches and the daily counts of the labelled."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlmodel import col, select

from inference.studies.models import Study
from model_registry.deployments.models import Deployment
from model_registry.versions.models import ModelVersion
from surveillance.axes import ALL
from surveillance.records.models import AggregateDay, Basis, PredictionRecord, TruthDay
from surveillance.records.repository import Scope, to_change, within_scope
from surveillance.truth.models import ReferenceStandard, StudyGroup, TruthBatch
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

# As many parameters as SQLite takes in one statement, with room for the others.
_AT_ONCE = 5_000
T = TypeVar("T")

_DAYS: sa.Table = TruthDay.__table__  # type: ignore[attr-defined]


def daily(
    session: ReadSession, actor: Actor, scope: Scope, *, basis: Basis, axes: Sequence[str]
) -> Sequence[sa.Row[Any]]:
    """Return the daily counts of the labelled as plain rows, ordered by stream and day.

    Undecoded, as there may be many: the modes as text, the histograms as bytes.
    """
    table = _DAYS.c
    raw = {"positives": sa.LargeBinary, "negatives": sa.LargeBinary, "mode": sa.String}
    columns = [
        sa.type_coerce(column, raw.get(column.name, column.type)).label(column.name)
        for column in table
        if column.name not in {"id", "basis"}
    ]
    statement = sa.select(*columns).where(
        table.basis == basis, table.axis.in_(axes), *within_scope(TruthDay, scope)
    )
    if actor.sites is not None:
        statement = statement.where(table.site_id.in_(sorted(actor.sites)))
    order = (table.version_id, table.site_id, table.finding_key, table.axis, table.level)
    days = (table.reference_id, table.day, table.told_day)
    return session.execute(statement.order_by(*order, *days)).all()


def batches(
    session: ReadSession, actor: Actor, *, before: str | None = None, limit: int = 50
) -> Sequence[TruthBatch]:
    """Return what was sent, the latest first."""
    statement = within_sites(select(TruthBatch), actor, TruthBatch.site_id)
    if before is not None:
        sent = select(TruthBatch.sent_at).where(TruthBatch.id == before).scalar_subquery()
        key = sa.tuple_(col(TruthBatch.sent_at), col(TruthBatch.id))
        statement = statement.where(key < sa.tuple_(sent, sa.literal(before)))
    order = (col(TruthBatch.sent_at).desc(), col(TruthBatch.id).desc())
    return session.exec(statement.order_by(*order).limit(limit)).all()


def batch(session: ReadSession, actor: Actor, batch_id: str) -> TruthBatch | None:
    statement = within_sites(select(TruthBatch), actor, TruthBatch.site_id)
    return session.exec(statement.where(TruthBatch.id == batch_id)).first()


def batch_locked(session: WriteSession, batch_id: str) -> TruthBatch | None:
    return session.get(TruthBatch, batch_id, with_for_update=True)


def arrivals(session: ReadSession, site_id: str, uids: Sequence[str]) -> dict[str, datetime]:
    """Return when each of these studies first arrived at a site, for those that it has."""
    found: dict[str, datetime] = {}
    for some in _portions(uids):
        statement = select(Study.study_instance_uid, Study.first_arrival_at).where(
            Study.site_id == site_id, col(Study.study_instance_uid).in_(some)
        )
        found.update(session.exec(statement).all())
    return found


def records(
    session: WriteSession, site_id: str, pseudonyms: Sequence[str]
) -> Iterator[PredictionRecord]:
    """Yield the records of these studies, to be changed: of every version, run and finding."""
    for some in _portions(pseudonyms):
        statement = select(PredictionRecord).where(
            PredictionRecord.site_id == site_id, col(PredictionRecord.study_pseudonym).in_(some)
        )
        yield from session.exec(to_change(statement)).all()


def labels(
    session: ReadSession, site_id: str, pseudonyms: Sequence[str]
) -> Iterator[ReferenceStandard]:
    """Yield all that was said of these studies, in the order that it was said in."""
    for some in _portions(pseudonyms):
        statement = select(ReferenceStandard).where(
            ReferenceStandard.site_id == site_id,
            col(ReferenceStandard.study_pseudonym).in_(some),
        )
        order = (col(ReferenceStandard.recorded_at), col(ReferenceStandard.id))
        yield from session.exec(statement.order_by(*order)).all()


def groups(session: ReadSession, site_id: str, pseudonyms: Sequence[str]) -> Iterator[StudyGroup]:
    for some in _portions(pseudonyms):
        statement = select(StudyGroup).where(
            StudyGroup.site_id == site_id, col(StudyGroup.study_pseudonym).in_(some)
        )
        yield from session.exec(statement).all()


def finding_keys(session: ReadSession, site_id: str) -> set[str]:
    """Return the findings that a version at this site judges, or judged."""
    counted = select(AggregateDay.finding_key).where(
        AggregateDay.axis == ALL, AggregateDay.site_id == site_id
    )
    keys = set(session.exec(counted.distinct()).all())
    deployed = (
        select(ModelVersion.manifest)
        .join(Deployment, col(Deployment.version_id) == ModelVersion.id)
        .where(Deployment.site_id == site_id)
    )
    for manifest in session.exec(deployed).all():
        for output in manifest.get("output", ()):
            keys.update(finding["key"] for finding in output.get("findings", ()))
    return keys


def _portions(many: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(many), _AT_ONCE):
        yield many[start : start + _AT_ONCE]
