"""Queries for records and daily counts, each within the sites the actor may read."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from surveillance.axes import ALL
from surveillance.records.folding import COUNTERS
from surveillance.records.models import (
    WHOLE_RUN,
    AggregateDay,
    PredictionRecord,
    TruthDay,
    is_a_number,
)
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

# How many values a list in a statement has at most: each length is a statement of its own.
IN_ONE = 500
PIECE = 50_000
# What the counts need of a record.
COUNTED = (
    "version_id",
    "site_id",
    "mode",
    "finding_key",
    "day",
    "outcome",
    "score",
    "flagged",
    "decision",
    "attributes",
    "features",
    "truth",
    "exam_day",
    "decision_known_day",
    "truth_known_day",
    "label_day",
)

# Statements that every record needs are built once.
_AGGREGATES: sa.Table = AggregateDay.__table__  # type: ignore[attr-defined]
_RECORDS: sa.Table = PredictionRecord.__table__  # type: ignore[attr-defined]
_TRUTH: sa.Table = TruthDay.__table__  # type: ignore[attr-defined]
_INSERT = sa.insert(_RECORDS)
_EXAM_DAY = sa.func.coalesce(_RECORDS.c.exam_day, _RECORDS.c.day)


@dataclass(frozen=True)
class Scope:
    """Which records or counts; None asks for all."""

    version_id: str | None = None
    site_id: str | None = None
    finding_key: str | None = None
    from_day: date | None = None
    to_day: date | None = None

    def has_day(self, day: date) -> bool:
        return (self.from_day or date.min) <= day <= (self.to_day or date.max)


def of_runs(session: WriteSession, pseudonyms: Sequence[str]) -> Sequence[PredictionRecord]:
    """Return the records of runs by any of their pseudonyms, for whoever changes them."""
    statement = select(PredictionRecord).where(col(PredictionRecord.run_pseudonym).in_(pseudonyms))
    found: Sequence[PredictionRecord] = session.exec(to_change(statement)).all()
    return found


def to_change(statement: Any) -> Any:
    """Lock the records that a statement selects, and read them as they are then.

    What is taken back from the counts is what the record says: it must be nobody else's to change.
    """
    ordered = statement.order_by(PredictionRecord.id).with_for_update()
    return ordered.execution_options(populate_existing=True)


def studies_of_runs(session: ReadSession, pseudonyms: Sequence[str]) -> list[str]:
    """Return the pseudonyms of the studies that these runs are of."""
    study = col(PredictionRecord.study_pseudonym)
    statement = sa.select(study).where(
        col(PredictionRecord.run_pseudonym).in_(pseudonyms), study.is_not(None)
    )
    return [row[0] for row in session.execute(statement.distinct())]


def seen(session: ReadSession, names: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return which pseudonyms are of recorded runs, and which of runs that one supersedes."""
    connection = session.connection()
    recorded: set[str] = set()
    superseded: set[str] = set()
    for start in range(0, len(names), IN_ONE):
        some = names[start : start + IN_ONE]
        sql = _seen(connection.dialect, len(some))
        for is_recorded, name in connection.exec_driver_sql(sql, bound(connection, some, some)):
            (recorded if is_recorded else superseded).add(name)
    return recorded, superseded


def placeholders(prefix: str, count: int) -> list[sa.BindParameter[str]]:
    """Return as many parameters; a list of fixed length costs less than one that is expanded."""
    return [sa.bindparam(f"{prefix}{number}", type_=sa.String) for number in range(count)]


def bound(connection: sa.Connection, *lists: Sequence[str]) -> Any:
    """Return the values of lists of placeholders, as the driver takes them.

    The prefixes of the lists are "a", "b" and so on.
    """
    if connection.dialect.positional:
        return tuple(value for each in lists for value in each)
    named = zip("ab", lists, strict=False)
    return {f"{name}{i}": value for name, each in named for i, value in enumerate(each)}


@lru_cache(maxsize=1024)
def _seen(dialect: sa.Dialect, count: int) -> str:
    """Return the statement as the driver takes it: every record asks it."""
    of_run, before = _RECORDS.c.run_pseudonym, _RECORDS.c.supersedes_pseudonym
    statement = sa.union_all(
        sa.select(sa.literal_column("1"), of_run).where(of_run.in_(placeholders("a", count))),
        sa.select(sa.literal_column("0"), before).where(before.in_(placeholders("b", count))),
    )
    return str(statement.compile(dialect=dialect))


def insert(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Write new records, without an object for each."""
    session.connection().execute(_INSERT, rows)


def records(
    session: ReadSession, actor: Actor, scope: Scope, limit: int
) -> Sequence[PredictionRecord]:
    """Return records that count, `limit` of them at most.

    The order is that of the pseudonyms, which is random but fixed: a limit takes a fair sample.
    """
    statement = within_sites(select(PredictionRecord), actor, PredictionRecord.site_id)
    statement = statement.where(
        col(PredictionRecord.superseded).is_(False), *within_scope(PredictionRecord, scope)
    )
    return session.exec(statement.order_by(PredictionRecord.run_pseudonym).limit(limit)).all()


def count(session: ReadSession, actor: Actor, scope: Scope) -> int:
    statement = within_sites(
        select(sa.func.count()).select_from(PredictionRecord), actor, PredictionRecord.site_id
    )
    statement = statement.where(
        col(PredictionRecord.superseded).is_(False), *within_scope(PredictionRecord, scope)
    )
    return int(session.exec(statement).one())


def first(
    session: ReadSession, actor: Actor, scope: Scope, limit: int
) -> Sequence[PredictionRecord]:
    """Return the earliest records whose score is a number."""
    statement = within_sites(select(PredictionRecord), actor, PredictionRecord.site_id)
    statement = statement.where(
        col(PredictionRecord.superseded).is_(False),
        is_a_number(col(PredictionRecord.score)),
        *within_scope(PredictionRecord, scope),
    )
    order = (col(PredictionRecord.day), col(PredictionRecord.id))
    return session.exec(statement.order_by(*order).limit(limit)).all()


def first_runs(
    session: ReadSession, actor: Actor, scope: Scope, limit: int
) -> Sequence[PredictionRecord]:
    """Return the earliest records of whole runs."""
    statement = within_sites(select(PredictionRecord), actor, PredictionRecord.site_id)
    statement = statement.where(
        col(PredictionRecord.superseded).is_(False),
        *within_scope(PredictionRecord, replace(scope, finding_key=WHOLE_RUN)),
    )
    order = (col(PredictionRecord.day), col(PredictionRecord.id))
    return session.exec(statement.order_by(*order).limit(limit)).all()


def scores_of(
    session: ReadSession, pseudonyms: Sequence[str]
) -> dict[str, dict[str, float | None]]:
    """Return the scores of runs by finding, of those that have any; in the order of the runs."""
    table = _RECORDS.c
    found: dict[str, dict[str, float | None]] = {name: {} for name in pseudonyms}
    for start in range(0, len(pseudonyms), IN_ONE):
        some = pseudonyms[start : start + IN_ONE]
        statement = sa.select(table.run_pseudonym, table.finding_key, table.score).where(
            table.run_pseudonym.in_(some), table.finding_key != WHOLE_RUN
        )
        for name, key, score in session.execute(statement):
            found[name][key] = score
    return {name: scores for name, scores in found.items() if scores}


def counted(session: ReadSession, scope: Scope) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield every record that counts on a day of the scope, as plain rows of `COUNTED`.

    For Vigil's own rebuilding: undecoded, and in the order that they came to the table in, which is
    the fastest, and in which the rows of a day are in few pieces. A label or a decision counts on
    the day that it became known as well.
    """
    table = _RECORDS.c
    whole = replace(scope, from_day=None, to_day=None)
    days = (
        table.day,
        _EXAM_DAY,
        table.decision_known_day,
        table.truth_known_day,
        table.label_day,
    )
    statement = sa.select(*_undecoded()).where(
        table.superseded.is_(False),
        *within_scope(PredictionRecord, whole),
        sa.or_(*(_days(day, scope) for day in days)),
    )
    streamed = statement.execution_options(yield_per=PIECE)
    yield from session.connection().execute(streamed).partitions()


def pieces_of(session: ReadSession, version_id: str) -> Iterator[Sequence[sa.Row[Any]]]:
    """Yield every record of a version that counts, in pieces: its id, then `COUNTED`, undecoded.

    For Vigil's own work. A piece is read whole before the next, so that its rows may be changed.
    """
    table = _RECORDS.c
    statement = sa.select(table.id, *_undecoded()).where(
        table.version_id == version_id, table.superseded.is_(False)
    )
    last = ""
    while rows := session.execute(
        statement.where(table.id > last).order_by(table.id).limit(PIECE)
    ).all():
        yield rows
        last = rows[-1][0]


def recorded_versions(session: ReadSession) -> list[str]:
    """Return the versions of which anything was counted."""
    return list(session.execute(sa.select(_AGGREGATES.c.version_id).distinct()).scalars())


def set_attributes(session: WriteSession, levels: Sequence[tuple[str, str]]) -> None:
    """Write the levels of records, given as JSON text by their ids."""
    statement = (
        sa.update(_RECORDS)
        .where(_RECORDS.c.id == sa.bindparam("of"))
        .values(attributes=sa.bindparam("levels", type_=_RECORDS.c.attributes.type))
    )
    rows = [{"of": record_id, "levels": json.loads(text)} for record_id, text in levels]
    session.connection().execute(statement, rows)


def _undecoded() -> list[Any]:
    """Return the columns of `COUNTED` as the database has them, which is the fastest."""
    table = _RECORDS.c
    read: dict[str, Any] = {
        name: sa.type_coerce(table[name], sa.String) for name in ("mode", "outcome", "decision")
    }
    read |= {name: sa.cast(table[name], sa.Text) for name in ("attributes", "features")}
    known = (table.decision_known_day, table.truth_known_day)
    read |= {
        column.name: sa.cast(column, sa.Text) for column in (table.day, table.label_day, *known)
    }
    read["exam_day"] = sa.cast(_EXAM_DAY, sa.Text)
    read |= {name: sa.type_coerce(table[name], sa.Integer) for name in ("flagged", "truth")}
    # A score that is no number is infinite in the database: invalid, whichever of the two.
    read["score"] = sa.type_coerce(table.score, sa.Float)
    return [read.get(name, table[name]).label(name) for name in COUNTED]


def aggregates(
    session: ReadSession, actor: Actor, scope: Scope, axes: Sequence[str]
) -> Sequence[sa.Row[Any]]:
    """Return daily counts as plain rows, oldest first; rows, because there may be many."""
    statement = sa.select(*_AGGREGATES.columns)
    statement = statement.where(
        col(AggregateDay.axis).in_(axes), *within_scope(AggregateDay, scope)
    )
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
    ).where(table.axis == ALL, *within_scope(AggregateDay, scope))
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


def remove_aggregates(session: WriteSession, scope: Scope) -> None:
    session.execute(sa.delete(_AGGREGATES).where(*within_scope(AggregateDay, scope)))
    session.execute(sa.delete(_TRUTH).where(*within_scope(TruthDay, scope)))


def count_aggregates(session: ReadSession, scope: Scope) -> int:
    counted = sa.select(sa.func.count()).select_from(_AGGREGATES)
    return int(session.execute(counted.where(*within_scope(AggregateDay, scope))).scalar_one())


def within_scope(
    table: type[PredictionRecord | AggregateDay | TruthDay], scope: Scope
) -> list[Any]:
    """Return the conditions that keep a table's rows to a scope."""
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


def _days(column: Any, scope: Scope) -> Any:
    conditions = [sa.true()]
    if scope.from_day is not None:
        conditions.append(column >= scope.from_day)
    if scope.to_day is not None:
        conditions.append(column <= scope.to_day)
    return sa.and_(*conditions)
