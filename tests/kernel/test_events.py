from dataclasses import dataclass

import pytest
from factories.identity import create_organisation
from sqlmodel import select

from vigil.kernel.db import Database, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.models import Organisation


@dataclass(frozen=True)
class Happened:
    name: str


@dataclass(frozen=True)
class HappenedNarrower(Happened):
    pass


def test_every_subscriber_hears_in_the_order_of_subscription(sqlite: Database) -> None:
    events, heard = Events(), list[str]()
    events.subscribe(Happened, lambda _, event: heard.append(f"first {event.name}"))
    events.subscribe(Happened, lambda _, event: heard.append(f"second {event.name}"))

    with sqlite.write() as session:
        events.publish(session, Happened("a"))

    assert heard == ["first a", "second a"]


def test_an_event_reaches_only_those_who_asked_for_its_very_kind(sqlite: Database) -> None:
    events, heard = Events(), list[Happened]()
    events.subscribe(Happened, lambda _, event: heard.append(event))

    with sqlite.write() as session:
        events.publish(session, HappenedNarrower("b"))
        events.publish(session, "nobody asked")

    assert heard == []


def test_what_a_handler_writes_is_saved_with_the_cause_or_not_at_all(database: Database) -> None:
    events = Events()

    def write(session: WriteSession, event: Happened) -> None:
        create_organisation(session, event.name)

    events.subscribe(Happened, write)
    with database.write() as session:
        events.publish(session, Happened("KEPT"))

    def publish_and_fail() -> None:
        with database.write() as session:
            events.publish(session, Happened("LOST"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        publish_and_fail()

    with database.read() as reading:
        assert [row.ods_code for row in reading.exec(select(Organisation))] == ["KEPT"]


def test_a_handler_that_fails_takes_the_cause_with_it(sqlite: Database) -> None:
    events = Events()

    def fail(session: WriteSession, event: Happened) -> None:
        raise ZeroDivisionError

    events.subscribe(Happened, fail)

    def create_and_publish() -> None:
        with sqlite.write() as session:
            create_organisation(session, "CAUSE")
            events.publish(session, Happened("c"))

    with pytest.raises(ZeroDivisionError):
        create_and_publish()

    with sqlite.read() as reading:
        assert reading.exec(select(Organisation)).all() == []
