"""Fixtures that every test may use: real databases with the migrated schema, and the parts."""

import gc
import logging
import os
import shutil
import uuid
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import environment  # noqa: F401 - before anything that imports numpy
import pytest
import sqlalchemy as sa
import structlog
from argon2 import PasswordHasher
from postgres import Cluster, available, cluster
from prometheus_client import CollectorRegistry

from inference.runtime import isolation
from vigil.app import schema
from vigil.kernel import db
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity import service as identity
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts
from vigil.kernel.settings import KernelSettings
from vigil.kernel.telemetry import describe_exception

ROOT = Path(__file__).parents[1]
# In a container that forbids it, models are run all the same: tests of isolation say so themselves.
if isolation.refused_here():
    os.environ[isolation.SETTING] = "true"
IN_CI = os.environ.get("CI") == "true"


@dataclass
class FakeClock:
    """Time that only moves when a test says so."""

    now: datetime = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Enqueued(NamedTuple):
    task: str
    arguments: tuple[str, ...]
    key: str
    delay: timedelta | None


@dataclass
class RecordingQueue:
    """Remembers what was enqueued, once per key, as the engine would."""

    enqueued: list[Enqueued] = field(default_factory=list)

    def enqueue(
        self,
        session: WriteSession,
        task: str,
        *arguments: str,
        key: str,
        priority: int = 5,
        partition: str | None = None,
        delay: timedelta | None = None,
    ) -> None:
        if (task, key) not in [(item.task, item.key) for item in self.enqueued]:
            self.enqueued.append(Enqueued(task, arguments, key, delay))


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Hash passwords cheaply: a test makes many people, and attacks none of them."""
    identity._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> None:
    """Let all engines of one kind share what SQLAlchemy compiled: each test makes an engine anew.

    It keeps the SQL of a statement by the engine's own dialect object, which is the same for all.
    """
    first: dict[str, sa.Engine] = {}
    made = db.make_engine

    def make(url: str) -> sa.Engine:
        engine = made(url)
        known = first.get(engine.dialect.name)
        # Until it has been connected a dialect does not know its server.
        if known is None or getattr(known.dialect, "server_version_info", None) is None:
            first[engine.dialect.name] = engine
            return engine
        engine.dialect = engine.pool._dialect = known.dialect
        engine._compiled_cache = known._compiled_cache
        return engine

    db.make_engine = make


@pytest.fixture(autouse=True)
def _logging_ends_with_the_test() -> Iterator[None]:
    """A logger that a test configured writes to that test's captured stream.

    By default structlog draws an exception with every local variable, which takes ten seconds.
    """
    handlers = logging.root.handlers[:]
    structlog.configure(processors=[describe_exception, structlog.dev.ConsoleRenderer()])
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated file per test process; each test gets a copy."""
    path = tmp_path_factory.mktemp("schema") / "vigil.sqlite"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    # The last connection to close moves the write-ahead log into the file.
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    if not available():
        pytest.skip("PostgreSQL is not installed: initdb and pg_ctl are not on the PATH")
    with cluster() as running:
        running.create("template_vigil")
        database = Database(running.url("template_vigil"))
        schema.upgrade(database)
        database.dispose()
        yield running


@pytest.fixture
def sqlite(migrated_sqlite: Path, tmp_path: Path, clock: FakeClock) -> Iterator[Database]:
    path = tmp_path / "vigil.sqlite"
    shutil.copy(migrated_sqlite, path)
    database = Database(f"sqlite:///{path}", clock)
    yield database
    database.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Database]:
    """The migrated schema on each of the two databases."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite")
        return
    running: Cluster = request.getfixturevalue("postgres")
    name = f"test_{uuid.uuid4().hex}"
    database = Database(running.create(name, "template_vigil"), clock)
    yield database
    database.dispose()
    running.drop(name)


@pytest.fixture
def objects(tmp_path: Path) -> LocalObjectStore:
    return LocalObjectStore(tmp_path / "objects")


@pytest.fixture
def keys() -> Keys:
    return Keys(b"test" * 8)


@pytest.fixture
def queue() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
def settings(tmp_path: Path) -> KernelSettings:
    return KernelSettings(data_dir=tmp_path)


@pytest.fixture
def parts(
    settings: KernelSettings,
    sqlite: Database,
    objects: LocalObjectStore,
    keys: Keys,
    queue: RecordingQueue,
) -> Parts:
    return Parts(settings, sqlite, objects, keys, Events(), queue, CollectorRegistry())


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real DICOM files, models and tables, beside the project."""
    folder = ROOT.parent / "shared" / "realdata"
    if not folder.is_dir():
        pytest.skip("the folder ../shared/realdata is not here")
    return folder


def pytest_collection_finish() -> None:
    """Modules and collected tests stay to the end: no collection of garbage need look there."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Real DICOM files are odd on purpose, and pydicom warns of each oddity.
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore::UserWarning:pydicom"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: "pytest.CallInfo[None]"
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a missing server is a failure, not a skip: a green run must mean all of it."""
    report = yield
    if IN_CI and report.skipped and "not installed" in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: {report.longrepr}"
    return report
