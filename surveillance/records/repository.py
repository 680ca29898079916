"""Queries for records and daily counts, each within the sites the actor may read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from surveillance.axes import ALL
from surveillance.records.folding import COUNTERS, Change, added
from surveillance.records.models import AggregateDay, PredictionRecord
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

BATCH = 5000

# Statements that every record needs are built once.
_AGGREGATES: sa.Table = AggregateDay.__table__  # type: ignore[attr-defined]
_KNOWN = sa.select(
    col(PredictionRecord.run_pseudonym), col(PredictionRecord.supersedes_pseudonym)
).where(
    sa.or_(
        col(PredictionRecord.run_pseudonym) == sa.bindparam("run"),
        col(PredictionRecord.supersedes_pseudonym) == sa.bindparam("run"),
    )
)
# Always in the order of the ids, so that two writers cannot wait for each other.
_LOCK = (
    sa.select(_AGGREGATES.c.id, _AGGREGATES.c.histogram)
    .where(_AGGREGATES.c.id.in_(sa.bindparam("keys", expanding=True)))
    .order_by(_AGGREGATES.c.id)
    .with_for_update()
)
_ADD = (
    sa.update(_AGGREGATES)
    .where(_AGGREGATES.c.id == sa.bindparam("row"))
    .values(
        {name: _AGGREGATES.c[name] + sa.bindparam(f"add_{name}") for name in COUNTERS}
        | {"histogram": sa.bindparam("counted"), "reference_id": sa.bindparam("reference")}
    )
)


@dataclass(frozen=True)
class Scope:
    """Which records or counts; None asks for all."""

    version_id: str | None = None
    site_id: str | None = None
    finding_key: str | None = None
    from_day: date | None = None
    to_day: date | None = None


def of_run(session: ReadSession, run_pseudonym: str) -> Sequence[PredictionRecord]:
    statement = select(PredictionRecord).where(PredictionRecord.run_pseudonym == run_pseudonym)
    return session.exec(statement).all()


def known(session: ReadSession, run_pseudonym: str) -> tuple[bool, bool]:
    """Return whether a run was recorded, and whether one that supersedes it was."""
    rows = session.execute(_KNOWN, {"run": run_pseudonym}).all()
    return (
        any(row.run_pseudonym == run_pseudonym for row in rows),
        any(row.supersedes_pseudonym == run_pseudonym for row in rows),
    )


def records(
    session: ReadSession, actor: Actor, scope: Scope, limit: int
) -> Sequence[PredictionRecord]:
    """Return records that count, `limit` of them at most.

    The order is that of the pseudonyms, which is random but fixed: a limit takes a fair sample.
    """
    statement = within_sites(select(PredictionRecord), actor, PredictionRecord.site_id)
    statement = statement.where(
        col(PredictionRecord.superseded).is_(False), *_within(PredictionRecord, scope)
    )
    return session.exec(statement.order_by(PredictionRecord.run_pseudonym).limit(limit)).all()


def count(session: ReadSession, actor: Actor, scope: Scope) -> int:
    statement = within_sites(
        select(sa.func.count()).select_from(PredictionRecord), actor, PredictionRecord.site_id
    )
    statement = statement.where(
        col(PredictionRecord.superseded).is_(False), *_within(PredictionRecord, scope)
    )
    return int(session.exec(statement).one())


def first(
    session: ReadSession, actor: Actor, scope: Scope, limit: int
) -> Sequence[PredictionRecord]:
    """Return the earliest records that hold a score."""
    statement = within_sites(select(PredictionRecord), actor, PredictionRecord.site_id)
    statement = statement.where(
        col(PredictionRecord.superseded).is_(False),
        col(PredictionRecord.score).is_not(None),
        *_within(PredictionRecord, scope),
    )
    order = (col(PredictionRecord.day), col(PredictionRecord.id))
    return session.exec(statement.order_by(*order).limit(limit)).all()


def every(session: ReadSession, scope: Scope) -> Iterator[PredictionRecord]:
    """Yield every record in scope, in batches: for Vigil's own rebuilding, not for a reader."""
    last = ""
    while batch := _after(session, scope, last):
        yield from batch
        last = batch[-1].id
        for record in batch:
            session.expunge(record)


def aggregates(
    session: ReadSession, actor: Actor, scope: Scope, axes: Sequence[str]
) -> Sequence[sa.Row[Any]]:
    """Return daily counts as plain rows, oldest first; rows, because there may be many."""
    statement = sa.select(*_AGGREGATES.columns)
    statement = statement.where(col(AggregateDay.axis).in_(axes), *_within(AggregateDay, scope))
    if actor.sites is not None:
        statement = statement.where(col(AggregateDay.site_id).in_(sorted(actor.sites)))
    return session.execute(statement.order_by(col(AggregateDay.day))).all()


def daily(session: ReadSession, actor: Actor, scope: Scope) -> Sequence[sa.Row[Any]]:
    """Return the daily counts of everybody, ordered by stream and day, for detectors.

    Only what they need, and undecoded: the modes as text, the histograms as bytes.
    """
    table = _AGGREGATES.c
    statement = sa.select(
        table.version_id,
        table.site_id,
        table.finding_key,
        sa.type_coerce(table.mode, sa.String).label("mode"),
        table.day,
        table.reference_id,
        sa.type_coerce(table.histogram, sa.LargeBinary).label("histogram"),
        table.n,
        table.flagged,
        table.shown,
        table.decided,
        (table.override_fp + table.override_fn).label("overridden"),
    ).where(table.axis == ALL, *_within(AggregateDay, scope))
    if actor.sites is not None:
        statement = statement.where(table.site_id.in_(sorted(actor.sites)))
    order = (table.version_id, table.site_id, table.finding_key, table.day)
    return session.execute(statement.order_by(*order)).all()


def totals_of_version(session: ReadSession, version_id: str, before: date) -> Sequence[sa.Row[Any]]:
    """Add up a version's counts over all sites and days before one: nothing of a single site."""
    keys = (AggregateDay.finding_key, AggregateDay.axis, AggregateDay.level)
    sums = [sa.func.sum(getattr(AggregateDay, name)).label(name) for name in COUNTERS]
    statement = sa.select(*(col(key) for key in keys), *sums).where(
        col(AggregateDay.version_id) == version_id, col(AggregateDay.day) < before
    )
    return session.execute(statement.group_by(*map(col, keys)).order_by(*map(col, keys))).all()


def add(session: WriteSession, changes: dict[str, Change]) -> None:
    """Add changes to their rows, each made first where it is not there."""
    held = _lock(session, list(changes))
    if len(held) < len(changes):
        _make(session, [changes[key] for key in changes if key not in held])
        held = _lock(session, list(changes))
    session.execute(_ADD, [_parameters(key, one, held[key]) for key, one in changes.items()])


def remove_aggregates(session: WriteSession, scope: Scope) -> None:
    session.execute(sa.delete(_AGGREGATES).where(*_within(AggregateDay, scope)))


def _within(table: type[PredictionRecord | AggregateDay], scope: Scope) -> list[Any]:
    wanted = {
        table.version_id: scope.version_id,
        table.site_id: scope.site_id,
        table.finding_key: scope.finding_key,
    }
    conditions: list[Any] = [
        col(column) == value for column, value in wanted.items() if value is not None
    ]
    if scope.from_day is not None:
        conditions.append(col(table.day) >= scope.from_day)
    if scope.to_day is not None:
        conditions.append(col(table.day) <= scope.to_day)
    return conditions


def _after(session: ReadSession, scope: Scope, last: str) -> Sequence[PredictionRecord]:
    statement = select(PredictionRecord).where(
        PredictionRecord.id > last, *_within(PredictionRecord, scope)
    )
    return session.exec(statement.order_by(PredictionRecord.id).limit(BATCH)).all()


def _lock(session: WriteSession, keys: list[str]) -> dict[str, Any]:
    return {row.id: row.histogram for row in session.execute(_LOCK, {"keys": keys})}


def _make(session: WriteSession, changes: Sequence[Change]) -> None:
    of = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [
        {"id": one.cell.id, **vars(one.cell), "histogram": (), **dict.fromkeys(COUNTERS, 0)}
        for one in changes
    ]
    session.execute(of.insert(_AGGREGATES).on_conflict_do_nothing(), rows)


def _parameters(key: str, change: Change, held: Any) -> dict[str, Any]:
    counters = zip(COUNTERS, change.counters.tolist(), strict=True)
    return {
        "row": key,
        "reference": change.reference_id,
        "counted": added(held, change.histogram),
        **{f"add_{name}": value for name, value in counters},
    }
