from datetime import datetime

import pytest
import sqlalchemy as sa
from factories.identity import create_organisation
from sqlalchemy.exc import IntegrityError, StatementError

from vigil.app import schema
from vigil.kernel.db import Database
from vigil.kernel.identity import repository
from vigil.kernel.identity.models import Organisation, OrganisationKind, Site


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as session:
            create_organisation(session, "RXX")
            raise RuntimeError("afterwards")

    with pytest.raises(RuntimeError, match="afterwards"):
        write_and_fail()

    with database.read() as session:
        assert repository.organisation_by_code(session, "RXX") is None


def test_a_block_that_ends_well_is_committed(database: Database) -> None:
    with database.write() as session:
        create_organisation(session, "RXX")

    with database.read() as session:
        assert repository.organisation_by_code(session, "RXX") is not None


def test_a_read_session_refuses_to_write(database: Database) -> None:
    with database.read() as session:
        session.add(
            Organisation(
                id="org_1",
                ods_code="R",
                name="R",
                kind=OrganisationKind.NETWORK,
                created_at=session.now(),
            )
        )
        with pytest.raises(RuntimeError, match="take a WriteSession"):
            session.flush()
        session.expunge_all()


def test_instants_come_back_aware_and_naive_ones_are_refused(database: Database) -> None:
    with database.write() as session:
        organisation = create_organisation(session, "RXX")
    with database.read() as reading:
        found = reading.get(Organisation, organisation.id)
        assert found is not None
        assert found.created_at == organisation.created_at
        assert found.created_at.tzinfo is not None

    def write_naive() -> None:
        with database.write() as session:
            session.add(
                Organisation(
                    id="org_2",
                    ods_code="S",
                    name="S",
                    kind=OrganisationKind.NETWORK,
                    created_at=datetime(2026, 1, 1),  # noqa: DTZ001 - what is to be refused
                )
            )

    with pytest.raises(StatementError, match="naive datetime"):
        write_naive()


def test_the_database_itself_checks_enums_and_foreign_keys(database: Database) -> None:
    def insert(statement: str) -> None:
        with database.write() as session:
            session.execute(sa.text(statement))

    with pytest.raises(IntegrityError):
        insert(
            "INSERT INTO organisation (id, ods_code, name, kind, created_at) "
            "VALUES ('org_1', 'R', 'R', 'charity', '2026-01-01 00:00:00')"
        )

    def orphan() -> None:
        with database.write() as session:
            session.add(
                Site(
                    id="site_1",
                    organisation_id="org_none",
                    ods_code="R01",
                    name="R",
                    created_at=session.now(),
                )
            )

    with pytest.raises(IntegrityError):
        orphan()


def test_the_migrations_make_exactly_the_models_schema(database: Database) -> None:
    assert schema.is_current(database)
    assert schema.differences(database) == []


def test_the_migrations_go_down_and_up_again(database: Database) -> None:
    schema.downgrade(database, "base")
    with database.engine.connect() as connection:
        left = set(sa.inspect(connection).get_table_names())
    assert left <= {"alembic_version"}

    schema.upgrade(database)

    assert schema.differences(database) == []


def test_sqlite_is_durable_and_checks_references(sqlite: Database) -> None:
    with sqlite.read() as session:
        pragmas = {
            name: session.execute(sa.text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30_000,
    }


def test_a_reader_is_not_kept_waiting_by_a_writer(sqlite: Database) -> None:
    with sqlite.write() as writing:
        create_organisation(writing, "RXX")
        with sqlite.read() as reading:
            assert repository.organisation_by_code(reading, "RXX") is None
