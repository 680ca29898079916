from pathlib import Path

from vigil.app import schema
from vigil.kernel.db import Database


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
