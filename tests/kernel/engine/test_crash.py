import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from factories.engine import until
from sqlmodel import select

from vigil.kernel.db import Database
from vigil.kernel.engine import status
from vigil.kernel.engine.enqueue import TransactionalQueue, work_id
from vigil.kernel.engine.ledger import prepare
from vigil.kernel.engine.status import WorkState
from vigil.kernel.identity.models import Organisation

ROOT = Path(__file__).parents[3]
WORK = work_id("test.journey", "one")


class Workers:
    """Starts worker processes, reads what they noted, and kills what is left."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, slot: int, trap: str) -> subprocess.Popen[bytes]:
        script = Path(__file__).with_name("worker_process.py")
        path = os.pathsep.join(str(ROOT / part) for part in (".", "platform", "tests"))
        process = subprocess.Popen(
            [sys.executable, str(script), self._database.url, str(self._folder), str(slot), trap],
            env={**os.environ, "PYTHONPATH": path},
        )
        self._running.append(process)
        return process

    def notes(self) -> list[str]:
        path = self._folder / "notes"
        return path.read_text().splitlines() if path.exists() else []

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    def kill_all(self) -> None:
        for process in self._running:
            self.kill(process)


@pytest.fixture
def workers(database: Database, tmp_path: Path) -> Iterator[Workers]:
    prepare(database)
    with database.write() as session:
        TransactionalQueue(database).enqueue(session, "test.journey", "RX1", key="one")
    workers = Workers(database, tmp_path)
    yield workers
    workers.kill_all()


def wait_until_done(database: Database) -> None:
    def done() -> bool:
        with database.read() as session:
            return status.state_of(session, WORK) is WorkState.DONE

    until(done, 90)


def organisations(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.exec(select(Organisation.id)).all())


def test_a_transaction_happens_once_though_the_worker_dies_right_after_it(
    workers: Workers, database: Database
) -> None:
    assert workers.start(0, "die").wait(90) == -signal.SIGKILL
    before = organisations(database)
    assert len(before) == 1

    workers.start(0, "")
    wait_until_done(database)
    assert organisations(database) == before
    assert workers.notes().count("first") == 1
    assert workers.notes().count("write") == 1
    assert workers.notes()[-1] == f"last {before[0]}"


def test_another_worker_takes_over_what_a_dead_one_had_in_progress(
    workers: Workers, database: Database
) -> None:
    first = workers.start(0, "hold")
    until(lambda: "hold" in workers.notes(), 90)
    workers.start(1, "")
    until(lambda: "launched 1" in workers.notes(), 90)
    workers.kill(first)
    wait_until_done(database)
    assert workers.notes().count("first") == 1
    assert workers.notes().count("hold") == 2
    assert len(organisations(database)) == 1
