"""The floors are joined: what happens below is heard above, in the same transaction."""

import os
import shutil
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from factories.identity import SETUP, create_site
from factories.runs import Finished, create_run

from inference.decisions import service as decisions
from inference.decisions.models import DecisionSource
from inference.runs.events import RunFinished
from inference.runtime.pool import Runtimes
from vigil.app.settings import Settings
from vigil.app.tasks import workflows
from vigil.app.wiring import GATES, build_parts
from vigil.kernel.db import Database
from vigil.kernel.engine import tables
from vigil.kernel.engine.queues import queue_of
from vigil.kernel.parts import Parts


@pytest.fixture
def finished(installed: Parts) -> Finished:
    with installed.database.write() as session:
        site = create_site(session)
        return create_run(session, installed.objects, site.id)  # type: ignore[arg-type]


def enqueued(parts: Parts) -> list[str]:
    with parts.database.read() as session:
        work = tables.work(session)
        return list(session.execute(sa.select(work.c.name)).scalars())


def test_a_finished_run_is_to_be_recorded(installed: Parts, finished: Finished) -> None:
    with installed.database.write() as session:
        installed.events.publish(session, RunFinished(finished.run.id))
        # It belongs to the transaction that is still open.
        assert enqueued(installed) == []

    assert enqueued(installed) == ["surveillance.record"]


def test_a_run_that_was_rolled_back_is_not_recorded(installed: Parts, finished: Finished) -> None:
    def publish_and_fail() -> None:
        with installed.database.write() as session:
            installed.events.publish(session, RunFinished(finished.run.id))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_and_fail()

    assert enqueued(installed) == []


def test_a_run_that_is_told_of_twice_is_recorded_once(installed: Parts, finished: Finished) -> None:
    for _ in range(2):
        with installed.database.write() as session:
            installed.events.publish(session, RunFinished(finished.run.id))

    assert enqueued(installed) == ["surveillance.record"]


def test_a_readers_decision_comes_to_surveillance(installed: Parts, finished: Finished) -> None:
    with installed.database.write() as session:
        decisions.decide(
            session,
            SETUP,
            installed,
            finding_id=finished.findings[0].id,
            present=False,
            source=DecisionSource.API,
            reader_pseudonym="reader",
        )

    assert enqueued(installed) == ["surveillance.decide"]


def test_whatever_is_enqueued_has_a_workflow_and_a_queue(installed: Parts) -> None:
    settings = Settings(data_dir=installed.settings.data_dir)
    runtimes = Runtimes(settings)

    known = workflows(installed, settings, runtimes)

    runtimes.close()
    assert set(known) >= {
        "runs.execute",
        "deliveries.attempt",
        "versions.admit",
        "surveillance.record",
        "surveillance.decide",
    }
    assert all(callable(workflow) and queue_of(task) for task, workflow in known.items())


def test_a_card_is_among_the_gates() -> None:
    assert [type(gate).__name__ for gate in GATES] == ["PublishedCard", "PlannedTests"]


def test_the_secret_is_made_once_and_only_this_user_can_read_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")

    first, second = build_parts(settings), build_parts(settings)

    assert first.keys.master == second.keys.master
    assert stat.S_IMODE(settings.secret.stat().st_mode) == 0o600
    for parts in (first, second):
        parts.database.dispose()


def test_what_vigil_keeps_is_its_owner_s_alone(tmp_path: Path, migrated_sqlite: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        shutil.copy(migrated_sqlite, folder / "vigil.sqlite")
        parts = build_parts(Settings(data_dir=folder))
        with parts.database.write() as session:
            create_site(session)
            kept = [*folder.rglob("*")]
        parts.objects.put(b"an image")
        parts.database.dispose()
    finally:
        os.umask(before)

    assert {path.name for path in kept} >= {"vigil.sqlite", "vigil.sqlite-wal", "objects"}
    open_to_others = {path for path in [folder, *folder.rglob("*")] if path.stat().st_mode & 0o077}
    assert open_to_others == set()


def test_a_new_database_is_its_owner_s_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        database = Database(f"sqlite:///{tmp_path / 'new.sqlite'}")
        database.dispose()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.sqlite").stat().st_mode) == 0o600
