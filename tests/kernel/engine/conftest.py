"""A running engine on each database, shared by the tests of a module."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from factories.engine import Workflows, Yard
from prometheus_client import CollectorRegistry

from vigil.kernel.db import Database
from vigil.kernel.engine.engine import Engine
from vigil.kernel.engine.enqueue import TransactionalQueue
from vigil.kernel.engine.ledger import prepare
from vigil.kernel.engine.settings import EngineSettings

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="module", params=BOTH)
def yard(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Yard]:
    folder = tmp_path_factory.mktemp("yard")
    if request.param == "sqlite":
        shutil.copy(migrated_sqlite, folder / "vigil.sqlite")
        url = f"sqlite:///{folder / 'vigil.sqlite'}"
    else:
        url = request.getfixturevalue("postgres").create("engine_yard", "template_vigil")
    database = Database(url)
    prepare(database)
    settings = EngineSettings(data_dir=folder, dead_after_seconds=2, stuck_after_seconds=1)
    metrics = CollectorRegistry()
    engine = Engine(database, settings, metrics)
    yard = Yard(database, engine, TransactionalQueue(database), metrics)
    Workflows(yard).register()
    engine.launch()
    yield yard
    engine.shutdown(wait_seconds=0)
    database.dispose()
    if request.param == "postgres":
        request.getfixturevalue("postgres").drop("engine_yard")
