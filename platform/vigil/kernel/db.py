"""One database behind one engine: SQLite for one machine, PostgreSQL for many.

Reading and writing are different types, so that a signature says which it does: a function that
takes a `ReadSession` cannot write, and a `WriteSession` may stand wherever a `ReadSession` is asked
for. Nobody calls `commit`: `Database.write()` commits when its block ends well and rolls back when
it does not, before any answer leaves (docs/adr/0003-commit-before-the-answer.md).
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlmodel import Session, SQLModel

from vigil.kernel.clock import Clock, utc_now
from vigil.kernel.ids import new_id
from vigil.kernel.private import private_file
from vigil.kernel.turn import Turn

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 30_000
WAL_PAUSE_MS = 20


class Table(SQLModel):
    """What every table inherits: one metadata, with names for all constraints."""

    metadata = sa.MetaData(naming_convention=NAMING)


class Utc(sa.types.TypeDecorator[datetime]):
    """An instant. Refuses a naive one on the way in; gives an aware one on the way out."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: pass an aware one, from the clock")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Json(sa.types.TypeDecorator[Any]):
    """JSON text on SQLite, JSONB on PostgreSQL."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        kind = JSONB() if dialect.name == "postgresql" else sa.JSON()
        return dialect.type_descriptor(kind)


def enum_type(values: type[Enum], name: str) -> Any:
    """A text column that only holds `values`, checked by the database, on both databases."""
    return sa.Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name,
        values_callable=lambda members: [member.value for member in members],
    )


class ReadSession(Session):
    """A session that cannot write: a flush with changes is an error. Carries the clock."""

    def __init__(self, bind: Engine, clock: Clock) -> None:
        super().__init__(bind, expire_on_commit=False)
        self.clock = clock

    def now(self) -> datetime:
        return self.clock()

    def flush(self, objects: Any = None) -> None:
        if self.new or self.dirty or self.deleted:
            raise RuntimeError("a ReadSession was asked to write: take a WriteSession")
        super().flush(objects)


class WriteSession(ReadSession):
    """A session whose changes are committed together when its block ends."""

    def __init__(self, bind: Engine, clock: Clock) -> None:
        super().__init__(bind, clock)
        self.before_commit: list[Callable[[], None]] = []

    def new_id(self, prefix: str) -> str:
        return new_id(prefix, self.clock)

    def flush(self, objects: Any = None) -> None:
        Session.flush(self, objects)


class Database:
    """The engine and its two kinds of session."""

    def __init__(self, url: str, clock: Clock = utc_now) -> None:
        self.url = url
        self.clock = clock
        self.engine = make_engine(url)
        self.turn = _turn_of(self.engine)
        self._reading = self.engine.execution_options(sqlite_begin="DEFERRED")

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        with ReadSession(self._reading, self.clock) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[WriteSession]:
        with (
            self.turn or contextlib.nullcontext(),
            WriteSession(self.engine, self.clock) as session,
            session.begin(),
        ):
            yield session
            for finish in session.before_commit:
                finish()

    def dispose(self) -> None:
        self.engine.dispose()
        if self.turn is not None:
            self.turn.close()


def _turn_of(engine: Engine) -> Turn | None:
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    return Turn(Path(engine.url.database))


def make_engine(url: str) -> Engine:
    """Build the engine: WAL, synced commits and foreign keys on SQLite, psycopg 3 on PostgreSQL."""
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
    path = sa.make_url(url).database or ":memory:"
    if not path.startswith((":memory:", "file:")) and Path(path).parent.is_dir():
        # SQLite gives the files beside it, such as the write-ahead log, the rights of this one.
        private_file(Path(path))
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, pool_size=20, max_overflow=20
    )
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    # Python's driver would begin transactions by itself, too late and as readers: we emit BEGIN.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _log_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Write ahead of the file. Of processes that meet at a new one SQLite refuses all but one.

    It does so at once, whatever the timeout: none may wait for a lock while it holds another.
    """
    for _ in range(BUSY_TIMEOUT_MS // WAL_PAUSE_MS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(WAL_PAUSE_MS / 1000)
        else:
            return
    raise sqlite3.OperationalError("The database stayed locked while it was opened.")


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once: a reader that turns writer midway can only fail.
    mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
    connection.exec_driver_sql(f"BEGIN {mode}")
