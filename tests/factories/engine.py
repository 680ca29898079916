"""A database with a running engine, and workflows that remember what they did."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from vigil.kernel.db import Database, WriteSession
from vigil.kernel.engine import status
from vigil.kernel.engine.engine import Engine
from vigil.kernel.engine.enqueue import TransactionalQueue, work_id
from vigil.kernel.engine.errors import UnknownWork
from vigil.kernel.engine.queue import Steps, Workflow
from vigil.kernel.engine.status import WorkState
from vigil.kernel.errors import Conflict
from vigil.kernel.identity.models import Organisation, OrganisationKind


@dataclass
class Yard:
    """A database with a running engine, and a memory of what its workflows did."""

    database: Database
    engine: Engine
    queue: TransactionalQueue
    metrics: CollectorRegistry
    calls: Counter[str] = field(default_factory=Counter)
    order: list[str] = field(default_factory=list)
    healed: threading.Event = field(default_factory=threading.Event)
    open_gate: threading.Event = field(default_factory=threading.Event)

    def enqueue(self, task: str, *arguments: str, key: str = "", priority: int = 5) -> str:
        key = key or uuid.uuid4().hex
        with self.database.write() as session:
            self.queue.enqueue(session, task, *arguments, key=key, priority=priority)
        return work_id(task, key)

    def state(self, work: str) -> WorkState | None:
        with self.database.read() as session:
            try:
                return status.state_of(session, work)
            except UnknownWork:
                return None

    def ledger(self, table: str, column: str) -> list[Any]:
        """Read a column of DBOS's as it is stored."""
        named = sa.table(table, sa.column(column), schema=self._schema)
        with self.database.engine.connect() as connection:
            return list(connection.execute(sa.select(named.c[column])).scalars())

    def change(self, work: str, **values: object) -> None:
        """Do to DBOS's row what a crash or another worker would have done."""
        columns: list[sa.ColumnClause[Any]] = [
            sa.column(name) for name in ("workflow_uuid", *values)
        ]
        named = sa.table("workflow_status", *columns, schema=self._schema)
        with self.database.engine.begin() as connection:
            connection.execute(named.update().where(named.c.workflow_uuid == work).values(values))

    @property
    def _schema(self) -> str | None:
        return None if self.database.is_sqlite else "dbos"

    def wait(self, work: str, *states: WorkState, seconds: float = 60) -> WorkState:
        wanted = states or (WorkState.DONE, WorkState.FAILED)
        until(lambda: self.state(work) in wanted, seconds)
        found = self.state(work)
        assert found is not None
        return found


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def add_organisation(session: WriteSession, code: str) -> str:
    row = Organisation(
        id=session.new_id("org"),
        ods_code=code,
        name=code,
        kind=OrganisationKind.SUPPLIER,
        created_at=session.now(),
    )
    session.add(row)
    session.flush()
    return row.id


class Workflows:
    """What the tests enqueue: each notes in the yard what it did."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard

    def register(self) -> None:
        tasks: dict[str, Workflow] = {
            "test.plain": self.plain,
            "report.plain": self.plain,
            "run.plain": self.plain,
            "test.heals": self.heals,
            "test.refused": self.refused,
            "test.waits": self.waits,
            "report.waits": self.waits,
            "test.twice": self.twice,
            "test.caught": self.caught,
            "test.chains": self.chains,
        }
        for task, workflow in tasks.items():
            self._yard.engine.register(task, workflow)

    def plain(self, steps: Steps, name: str) -> None:
        steps.run("note", self._note, name)

    def heals(self, steps: Steps, name: str) -> None:
        steps.run("before", self._note, f"{name} before")
        steps.transact("write", add_organisation, name)
        steps.run("try", self._fail_until_healed, name, attempts=2, interval=0.01)
        steps.run("after", self._note, f"{name} after")

    def refused(self, steps: Steps, name: str) -> None:
        steps.run("refuse", self._refuse, name, attempts=5, interval=0.01)

    def waits(self, steps: Steps, name: str) -> None:
        steps.run("hold", self._hold, name)

    def twice(self, steps: Steps, name: str) -> None:
        steps.run("same", self._note, name)
        steps.run("same", self._note, name)

    def caught(self, steps: Steps, name: str) -> None:
        try:
            steps.run("refuse", self._refuse, name)
        except Conflict as error:
            steps.run("noted", self._note, f"{name} {error.detail}")

    def chains(self, steps: Steps, name: str) -> None:
        steps.transact("next", self._enqueue_next, name)

    def _enqueue_next(self, session: WriteSession, name: str) -> None:
        add_organisation(session, name)
        self._yard.queue.enqueue(session, "test.plain", name, key=name)

    def _note(self, name: str) -> str:
        self._yard.calls[name] += 1
        self._yard.order.append(name)
        return name

    def _fail_until_healed(self, name: str) -> None:
        self._note(f"{name} try")
        if not self._yard.healed.is_set():
            raise TimeoutError("PATIENT^NAME is in this text")

    def _refuse(self, name: str) -> None:
        self._note(name)
        raise Conflict("The rule says no.")

    def _hold(self, name: str) -> None:
        self._note(name)
        self._yard.open_gate.wait(60)
