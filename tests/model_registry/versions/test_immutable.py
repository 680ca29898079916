"""What a run or a signature refers to is kept by the database itself, whoever asks it to forget."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import FakeClock
from factories.deployments import go_live
from factories.identity import SETUP
from factories.safety import create_case, create_cast, create_version
from factories.versions import create_version as submitted
from postgres import Cluster
from sqlalchemy.exc import DBAPIError

from model_registry.versions import aliases, service
from model_registry.versions.models import VersionChange
from vigil.app import schema
from vigil.kernel.db import Database
from vigil.kernel.events import Events
from vigil.kernel.objects import LocalObjectStore

REFUSED = "what was kept"
CHANGES = {
    "model_version": [
        "digest = 'other'",
        "manifest = '{}'",
        "version = '9.9.9'",
        "model_id = 'mdl_other'",
        "organisation_id = 'org_other'",
        "submitted_by = 'usr_other'",
        "submitted_at = '2020-01-01 00:00:00'",
        "preprocessing_digest = 'other'",
    ],
    "deployment_period": ["reason = 'other'", "by = 'usr_other'", "mode = 'shadow'"],
    "safety_case": ["content_digest = 'other'", "signed_by = NULL", "signed_at = NULL"],
    "acceptance": ["passed = NOT passed", "content_digest = 'other'", "signed_at = NULL"],
    "model_alias": ["reason = 'other'", "name = 'other'"],
    "version_change": ["reason = 'other'", "by = 'usr_other'"],
}


def live(database: Database, objects: LocalObjectStore) -> None:
    """Have a version signed for, named and made live."""
    with database.write() as session:
        cast = create_cast(session)
        version = create_version(session, cast)
        go_live(session, objects, cast, "2.0.0")
        aliases.set_alias(
            session,
            cast.manager,
            model_id=version.model_id,
            name="champion",
            version_id=version.id,
            reason="first",
        )
        session.add(
            VersionChange(
                id=session.new_id("vch"),
                model_id=version.model_id,
                version_id=version.id,
                status=version.status,
                at=session.now(),
                by="usr_a",
                by_label="usr_a (network_manager)",
                reason="for a test",
            )
        )


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database that has lived, for tests that leave it as it is."""
    folder = tmp_path_factory.mktemp("kept")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'vigil.sqlite'}"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), folder / "vigil.sqlite")
    else:
        running: Cluster = request.getfixturevalue("postgres")
        url = running.create(f"kept_{uuid.uuid4().hex}", "template_vigil")
    database = Database(url, FakeClock())
    live(database, LocalObjectStore(folder / "objects"))
    yield database
    database.dispose()


def attempt(database: Database, statement: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("table", "change"), [(table, change) for table in CHANGES for change in CHANGES[table]]
)
def test_it_does_not_change(kept: Database, table: str, change: str) -> None:
    with pytest.raises(DBAPIError, match=REFUSED):
        attempt(kept, f"UPDATE {table} SET {change}")  # noqa: S608 - words of this test


@pytest.mark.parametrize("table", sorted(CHANGES))
def test_it_is_not_deleted(kept: Database, table: str) -> None:
    with pytest.raises(DBAPIError, match=REFUSED):
        attempt(kept, f"DELETE FROM {table}")  # noqa: S608 - words of this test


@pytest.mark.postgres
@pytest.mark.parametrize("table", sorted(CHANGES))
def test_it_is_not_emptied_at_one_stroke(kept: Database, table: str) -> None:
    if kept.is_sqlite:
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match=REFUSED):
        attempt(kept, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("table", ["model", "deployment"])
def test_what_it_stands_on_is_not_deleted(kept: Database, table: str) -> None:
    with pytest.raises(DBAPIError):
        attempt(kept, f"DELETE FROM {table}")  # noqa: S608 - words of this test


def test_a_status_moves_and_an_end_is_written_once(
    database: Database, objects: LocalObjectStore
) -> None:
    live(database, objects)
    attempt(database, "UPDATE model_version SET status = 'withdrawn'")
    attempt(database, "UPDATE deployment_period SET to_at = from_at WHERE to_at IS NULL")
    with pytest.raises(DBAPIError, match=REFUSED):
        attempt(database, "UPDATE deployment_period SET to_at = NULL")


def test_a_draft_may_still_be_thrown_away(database: Database, objects: LocalObjectStore) -> None:
    with database.write() as session:
        cast = create_cast(session)
        create_case(session, objects, cast, create_version(session, cast))
    attempt(database, "DELETE FROM safety_case")


def test_the_steps_of_versions_that_were_there_are_taken_from_the_audit(
    tmp_path: Path, objects: LocalObjectStore
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.sqlite'}")
    schema.upgrade(database, "0008")
    with database.write() as session:
        version = submitted(session, objects)
        service.withdraw(session, SETUP, version_id=version.id, reason="a fault", events=Events())
    attempt(database, "DELETE FROM version_change")
    attempt(database, "UPDATE model SET title = 'linear three'")

    schema.upgrade(database)

    with database.read() as session:
        steps = service.changes(session, SETUP, version.id)
        title = service.model(session, SETUP, version.model_id).title
    assert [(step.status.value, step.by, step.reason) for step in steps] == [
        ("submitted", SETUP.id, "submitted"),
        ("withdrawn", SETUP.id, "a fault"),
    ]
    assert title == "Linear three"
    database.dispose()
