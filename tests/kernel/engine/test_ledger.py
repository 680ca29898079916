import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from factories.engine import Yard

from vigil.kernel.db import Database
from vigil.kernel.engine.journal import JsonSerializer, plain
from vigil.kernel.engine.ledger import prepare
from vigil.kernel.engine.tables import DBOS_SCHEMA, DBOS_TABLES
from vigil.kernel.errors import Fault, Invalid
from vigil.kernel.identity.errors import UnknownSite


def test_the_hidden_tables_are_those_of_a_fresh_ledger(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    prepare(database)
    assert set(sa.inspect(database.engine).get_table_names()) == DBOS_TABLES
    database.dispose()


def test_on_postgresql_they_stand_in_a_schema_of_their_own(yard: Yard) -> None:
    inspector = sa.inspect(yard.database.engine)
    if not yard.database.is_sqlite:
        assert set(inspector.get_table_names(DBOS_SCHEMA)) >= DBOS_TABLES
        assert not set(inspector.get_table_names()) & DBOS_TABLES


def test_processes_that_start_together_all_find_the_ledger(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path / 'fresh.sqlite'}") for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(prepare, databases))
    assert set(sa.inspect(databases[0].engine).get_table_names()) == DBOS_TABLES
    for database in databases:
        database.dispose()


def test_an_error_of_vigil_s_comes_back_as_itself() -> None:
    journal = JsonSerializer()
    error = journal.deserialize(journal.serialize(UnknownSite("There is no site X.")))
    assert isinstance(error, UnknownSite)
    assert error.detail == "There is no site X."
    faults = [Fault("reason", "empty", "Say why")]
    error = journal.deserialize(journal.serialize(Invalid.because(faults)))
    assert error.faults == tuple(faults)


def test_what_is_not_json_is_refused_at_once() -> None:
    outcome: object = plain((1, "a"))
    assert outcome == [1, "a"]
    with pytest.raises(TypeError):
        plain(object())


def test_the_library_s_log_lines_lose_their_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    prepare(database)
    database.dispose()
    logging.getLogger("dbos").warning("PATIENT^NAME")
    printed = capsys.readouterr()
    assert "PATIENT" not in printed.out + printed.err
    assert "test_ledger" in printed.out + printed.err
