from pathlib import Path

from factories.surveillance import create_place, run_facts

from surveillance.axes import AXES
from surveillance.crosses import service as crosses
from surveillance.records import repository, service
from surveillance.records.repository import Scope
from vigil.app import schema
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.keys import Keys


def test_the_models_and_the_migrations_say_the_same(database: Database) -> None:
    assert schema.differences(database) == []
    assert schema.is_current(database)


def test_a_fresh_database_is_brought_up_down_and_up_again(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'fresh.sqlite'}")
    assert not schema.is_current(database)

    schema.upgrade(database)
    schema.upgrade(database)
    assert schema.is_current(database)
    schema.downgrade(database, "base")
    assert not schema.is_current(database)
    schema.upgrade(database)

    assert schema.is_current(database)
    assert schema.differences(database) == []
    database.dispose()


def test_crosses_go_and_come_back_and_what_was_counted_stays(database: Database) -> None:
    with database.write() as session:
        place = create_place(session)
        crosses.name(session, system_actor("test"), name="a", axes=["sex", "view"], reason="why")
        service.record_run(session, Keys(b"test" * 8), run_facts(place, 1))
        counted = repository.count_aggregates(session, Scope())
    schema.downgrade(database, "0013")
    assert not schema.is_current(database)
    schema.upgrade(database)
    with database.read() as session:
        assert crosses.axes(session) == AXES
        assert repository.count_aggregates(session, Scope()) == counted
    assert schema.differences(database) == []
