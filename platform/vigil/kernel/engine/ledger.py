"""DBOS's ledger: where it is, how it is opened, and that its tables exist.

On SQLite the ledger is in the same file as everything else, so that enqueuing commits with the
caller's rows, but DBOS gets an engine of its own: it polls, and its reads must not take the write
lock, as every transaction of `Database.engine` does.
"""

import re
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient
from sqlalchemy import event

from vigil.kernel.db import BUSY_TIMEOUT_MS, Database
from vigil.kernel.engine.journal import JsonSerializer
from vigil.kernel.engine.logs import forward_logs
from vigil.kernel.engine.tables import DBOS_SCHEMA
from vigil.kernel.turn import Turn

APPLICATION = "vigil"
# One name for each generation of workflows whose steps differ: work of one is not run by another.
PIPELINE = "pipeline-1"
_IDLE_TRANSACTION_MS = 60_000
_HAS_TURN = "vigil.turn"
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


def prepare(database: Database) -> None:
    """Make DBOS's tables exist, up to date; several processes may do so at once."""
    forward_logs()
    # Opening the file first puts it into WAL mode, which stays with it.
    with database.engine.connect():
        pass
    DBOS.migrate(_dbos_url(database), schema=DBOS_SCHEMA)


def open_ledger(database: Database) -> sa.Engine:
    """Return an engine for DBOS alone; the caller disposes of it."""
    if not database.is_sqlite:
        engine = sa.create_engine(database.url, pool_size=10, max_overflow=20, pool_pre_ping=True)
        event.listen(engine, "connect", _limit_idle_transactions)
        return engine
    timeout = {"timeout": BUSY_TIMEOUT_MS / 1000}
    engine = sa.create_engine(database.url, connect_args=timeout, pool_size=20, max_overflow=20)
    event.listen(engine, "connect", _set_pragmas)
    if database.turn is not None:
        _take_turns(engine, database.turn)
    return engine


def open_client(engine: sa.Engine) -> DBOSClient:
    """Return a client: it runs no work and connects only when used."""
    return DBOSClient(
        system_database_engine=engine,
        dbos_system_schema=DBOS_SCHEMA,
        serializer=JsonSerializer(),
        application_name=APPLICATION,
        lazy=True,
    )


def _dbos_url(database: Database) -> str:
    if database.is_sqlite:
        return database.url
    url = sa.make_url(database.url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def _take_turns(engine: sa.Engine, turn: Turn) -> None:
    """Let DBOS's threads write in turn with Vigil's own: from a first write to the check-in."""

    @event.listens_for(engine, "before_cursor_execute")
    def before_write(connection: sa.Connection, *cursor_and_statement: Any) -> None:
        statement: str = cursor_and_statement[1]
        if _WRITES.search(statement) and not connection.info.get(_HAS_TURN):
            turn.take()
            connection.info[_HAS_TURN] = True

    @event.listens_for(engine, "checkin")
    def after_transaction(_connection: object, record: Any) -> None:
        if record.info.pop(_HAS_TURN, False):
            turn.give_back()


def _set_pragmas(connection: Any, _record: object) -> None:
    # The driver begins a transaction before the first write only: what DBOS is tested with.
    connection.isolation_level = "IMMEDIATE"
    for pragma in (
        "journal_mode=WAL",
        # Unsynced commits, on purpose: a power cut may take back the last moments of this ledger,
        # never break it. Work whose progress is forgotten is done again, and each step bears that;
        # what must happen once is in `engine_step_outcome`, which `Database` commits synced.
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _limit_idle_transactions(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_TRANSACTION_MS}")
    connection.commit()
