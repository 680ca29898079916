"""Add changes to tables of daily counts: one multi-row statement, whatever the number of rows.

Histograms are bytes, which no database can add: they are read under a lock and written whole. The
counters are added by the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from surveillance.measures.histogram import Counts
from surveillance.records.folding import COUNTERS, TRUTH_COUNTERS, Change
from surveillance.records.models import SLOT, AggregateDay, TruthDay
from surveillance.records.repository import IN_ONE, bound, placeholders
from vigil.kernel.db import WriteSession

# SQLite takes 32,766 parameters in a statement.
_AT_ONCE = 10_000


@dataclass(frozen=True)
class DailySums:
    """A table whose rows are sums of changes."""

    table: sa.Table
    key: tuple[str, ...]
    counters: tuple[str, ...]
    histograms: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return ("id", *self.key, "reference_id", *self.histograms, *self.counters)

    def add(
        self, session: WriteSession, changes: Mapping[str, Change], made: set[str] | None = None
    ) -> None:
        """Add changes, given by the ids of their rows and in their order.

        Whoever emptied the table may say which rows it has `made` since: the others need not be
        looked for where nobody else can write. Those that are made now join them.
        """
        ids = list(changes)
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            self._add(session.connection(), {key: changes[key] for key in some}, made)
            if made is not None:
                made.update(some)

    def _add(
        self, connection: sa.Connection, changes: Mapping[str, Change], made: set[str] | None
    ) -> None:
        # Only those that hold a histogram need be read first.
        counted = [key for key, one in changes.items() if any(map(len, one.histograms))]
        many_write = connection.dialect.name == "postgresql"
        if made is not None and not many_write:
            counted = [key for key in counted if key in made]
        empty = (b"",) * len(self.histograms)
        held = self._lock(connection, counted)
        if many_write and len(held) < len(counted):
            # Whoever comes first makes the row, so that there is one to lock.
            absent = [key for key in counted if key not in held]
            rows = [self._row(key, _nothing(changes[key]), empty) for key in absent]
            self._write(connection, rows, _making(self, connection.dialect))
            held = self._lock(connection, counted)
        rows = [self._row(key, one, held.get(key, empty)) for key, one in changes.items()]
        self._write(connection, rows, _adding(self, connection.dialect))

    def _lock(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, Sequence[bytes]]:
        found: dict[str, Sequence[bytes]] = {}
        for start in range(0, len(keys), IN_ONE):
            some = keys[start : start + IN_ONE]
            sql = _locking(self, connection.dialect, len(some))
            rows = connection.exec_driver_sql(sql, bound(connection, some))
            found.update((row[0], row[1:]) for row in rows)
        return found

    def _write(self, connection: sa.Connection, rows: Sequence[tuple[Any, ...]], sql: str) -> None:
        # Straight to the driver: per row, SQLAlchemy's own handling costs more than the database.
        if connection.dialect.positional:
            connection.exec_driver_sql(sql, list(rows))
        else:
            named = [dict(zip(self.columns, row, strict=True)) for row in rows]
            connection.exec_driver_sql(sql, named)

    def _row(self, key: str, change: Change, held: Sequence[bytes]) -> tuple[Any, ...]:
        *stream, day = change.cell
        sums = map(_sum, held, change.histograms)
        return (
            key,
            *(None if part is None else str(part) for part in stream),
            day.isoformat(),
            change.reference_id,
            *sums,
            *change.counters.tolist(),
        )


@lru_cache(maxsize=1024)
def _locking(sums: DailySums, dialect: sa.Dialect, count: int) -> str:
    held = sums.table.c
    # Always in the order of the ids, so that two writers cannot wait for each other.
    statement = (
        sa.select(held.id, *(held[name] for name in sums.histograms))
        .where(held.id.in_(placeholders("a", count)))
        .order_by(held.id)
        .with_for_update()
    )
    return _as_sent(statement, dialect)


@cache
def _making(sums: DailySums, dialect: sa.Dialect) -> str:
    return _as_sent(_insert(sums, dialect).on_conflict_do_nothing(), dialect)


@cache
def _adding(sums: DailySums, dialect: sa.Dialect) -> str:
    statement = _insert(sums, dialect)
    held, new = sums.table.c, statement.excluded
    # What was counted on no edges leaves the histogram as it is.
    kept = {
        name: sa.case(
            (sa.func.length(new[name]) == sa.literal_column("0"), held[name]), else_=new[name]
        )
        for name in sums.histograms
    }
    counted = {name: held[name] + new[name] for name in sums.counters}
    on = {"reference_id": sa.func.coalesce(new["reference_id"], held["reference_id"])}
    return _as_sent(
        statement.on_conflict_do_update(index_elements=["id"], set_={**counted, **kept, **on}),
        dialect,
    )


def _insert(sums: DailySums, dialect: sa.Dialect) -> Any:
    of = postgresql if dialect.name == "postgresql" else sqlite
    return of.insert(sums.table).values({name: sa.bindparam(name) for name in sums.columns})


def _as_sent(statement: Any, dialect: sa.Dialect) -> str:
    return str(statement.compile(dialect=dialect))


def _nothing(change: Change) -> Change:
    empty = tuple(each[:0] for each in change.histograms)
    return Change(change.cell, None, change.counters * 0, empty)


def _sum(held: bytes, counts: Counts) -> bytes:
    """Add counts to those held; of two numbers of slots, the change has that of the edges now."""
    if len(held) == len(counts) * SLOT.itemsize:
        return (np.frombuffer(held, dtype=SLOT) + counts).astype(SLOT).tobytes()
    return counts.astype(SLOT).tobytes() if len(counts) else held


PREDICTIONS = DailySums(
    AggregateDay.__table__,  # type: ignore[attr-defined]
    ("version_id", "site_id", "mode", "finding_key", "axis", "level", "day"),
    COUNTERS,
    ("histogram",),
)
LABELLED = DailySums(
    TruthDay.__table__,  # type: ignore[attr-defined]
    ("basis", "version_id", "site_id", "mode", "finding_key", "axis", "level", "told_day", "day"),
    TRUTH_COUNTERS,
    ("positives", "negatives"),
)
