import threading

import pytest
import sqlalchemy as sa
from factories.identity import SETUP
from sqlalchemy.exc import DatabaseError

from vigil.kernel.audit import repository, service
from vigil.kernel.db import Database
from vigil.kernel.errors import Invalid
from vigil.kernel.identity.actor import system_actor


def _write(database: Database, count: int = 3) -> None:
    for number in range(count):
        with database.write() as session:
            service.record(session, SETUP, "test:thing:make", f"thing_{number}", "because", n=0.1)


def test_the_chain_holds_over_many_transactions(database: Database) -> None:
    _write(database)

    with database.read() as session:
        verdict = service.verify(session)

    assert verdict.holds
    assert verdict.events == 3


def test_a_deed_that_is_rolled_back_leaves_no_trace(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as session:
            service.record(session, SETUP, "test:thing:make", "thing", "because")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()

    with database.read() as session:
        assert service.verify(session).events == 0


def test_a_deed_without_a_reason_is_refused(database: Database) -> None:
    with database.write() as session, pytest.raises(Invalid, match="reason"):
        service.record(session, SETUP, "test:thing:make", "thing", "  ")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_event SET reason = 'another' WHERE sequence = 2",
        "DELETE FROM audit_event WHERE sequence = 2",
    ],
)
def test_the_database_refuses_to_change_the_audit(database: Database, change: str) -> None:
    _write(database)

    def try_it() -> None:
        with database.write() as session:
            session.execute(sa.text(change))

    with pytest.raises(DatabaseError, match="append-only"):
        try_it()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_event SET reason = 'another' WHERE sequence = 2",
        "UPDATE audit_event SET actor_id = 'usr_x' WHERE sequence = 2",
        "DELETE FROM audit_event WHERE sequence = 2",
        "DELETE FROM audit_event WHERE sequence = 1",
    ],
)
def test_a_change_past_the_trigger_is_found_where_it_is(sqlite: Database, change: str) -> None:
    _write(sqlite)
    with sqlite.write() as session:
        session.execute(sa.text("DROP TRIGGER audit_event_no_update"))
        session.execute(sa.text("DROP TRIGGER audit_event_no_delete"))
        session.execute(sa.text(change))

    with sqlite.read() as session:
        verdict = service.verify(session)

    assert not verdict.holds
    assert verdict.broken_at == (1 if change.endswith("sequence = 1") else 2)


def test_a_cut_tail_is_found_by_a_head_noted_elsewhere(sqlite: Database) -> None:
    _write(sqlite)
    with sqlite.read() as session:
        head = service.verify(session).head
    with sqlite.write() as session:
        session.execute(sa.text("DROP TRIGGER audit_event_no_delete"))
        session.execute(sa.text("DELETE FROM audit_event WHERE sequence = 3"))

    with sqlite.read() as session:
        assert service.verify(session).holds
        assert not service.verify(session, expected_head=head).holds


def test_writers_at_once_make_one_chain(database: Database) -> None:
    threads = [threading.Thread(target=_write, args=(database, 5)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read() as session:
        verdict = service.verify(session)

    assert verdict.holds
    assert verdict.events == 20


def test_recent_events_can_be_asked_by_subject(database: Database) -> None:
    _write(database)
    with database.write() as session:
        service.record(session, system_actor("x"), "test:thing:end", "thing_1", "done")

    with database.read() as session:
        found = repository.recent(session, before=None, subject="thing_1", limit=10)

    assert [event.tag for event in found] == ["test:thing:end", "test:thing:make"]
