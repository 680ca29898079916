from datetime import timedelta
from typing import Any

import pytest
from conftest import FakeClock
from factories.identity import SETUP, create_site
from factories.studies import create_study, make_arrival
from pydicom.uid import generate_uid
from sqlmodel import col, select

from inference.associations import service as associations
from inference.associations.models import Ending
from inference.studies import repository, service
from inference.studies.errors import UnknownStudy
from inference.studies.models import Closing, Study, StudyState
from inference.studies.service import Due, Filing, Policy
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role

POLICY = Policy(
    quiet=timedelta(seconds=30), open_quiet=timedelta(seconds=120), cap=timedelta(seconds=1800)
)
STUDY_UID = "1.2.3.4.5"


@pytest.fixture
def site_id(database: Database) -> str:
    with database.write() as session:
        return create_site(session).id


def opened(database: Database, site_id: str) -> str:
    with database.write() as session:
        row = associations.open_association(
            session,
            site_id=site_id,
            calling_ae="MODALITY",
            called_ae="VIGIL",
            peer_host="10.0.0.1",
            receiver="VIGIL@test:0",
        )
        return row.id


def ended(database: Database, association_id: str, ending: Ending = Ending.RELEASED) -> None:
    with database.write() as session:
        associations.close_association(
            session, SETUP, association_id, ending=ending, stored=1, refused=0
        )


def arrive(
    database: Database, site_id: str, association_id: str | None = None, **changes: Any
) -> Filing:
    arrival = make_arrival(**({"study_instance_uid": STUDY_UID} | changes))
    with database.write() as session:
        return service.file_instance(
            session, SETUP, site_id=site_id, association_id=association_id, arrival=arrival
        )


def due(database: Database) -> list[Due]:
    with database.read() as session:
        return service.due(session, SETUP, POLICY)


def closings(database: Database) -> list[Closing]:
    return [found.closing for found in due(database)]


def close(database: Database, found: Due) -> Study | None:
    with database.write() as session:
        return service.close(session, SETUP, found)


def the_study(database: Database) -> Study:
    with database.read() as session:
        return session.exec(select(Study)).one()


def tags(database: Database) -> list[str]:
    with database.read() as session:
        events = session.exec(select(AuditEvent).order_by(col(AuditEvent.sequence))).all()
    return [event.tag for event in events if event.tag.startswith("node:")]


def test_instances_of_one_study_are_filed_together(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    first = clock.now
    assert arrive(database, site_id) is Filing.NEW
    clock.advance(7)
    assert arrive(database, site_id) is Filing.NEW

    study = the_study(database)

    assert (study.first_arrival_at, study.last_arrival_at) == (first, clock.now)
    assert (study.state, study.revision) == (StudyState.RECEIVING, 1)
    with database.read() as session:
        assert repository.counts(session, SETUP, [study.id]) == {study.id: 2}
    assert tags(database) == ["node:study:open"]


def test_the_same_study_at_two_sites_is_two_studies(database: Database, site_id: str) -> None:
    with database.write() as session:
        other = create_site(session, "RYY01").id
    uid = generate_uid()

    assert arrive(database, site_id, sop_instance_uid=uid) is Filing.NEW
    assert arrive(database, other, sop_instance_uid=uid) is Filing.NEW


def test_an_instance_again_is_the_same_or_different(database: Database, site_id: str) -> None:
    facts = {"sop_instance_uid": generate_uid(), "data_set_digest": "a" * 64}
    arrive(database, site_id, **facts)

    assert arrive(database, site_id, **facts) is Filing.SAME
    assert arrive(database, site_id, **facts | {"data_set_digest": "b" * 64}) is Filing.DIFFERENT


def test_a_released_association_leaves_a_short_wait(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    association = opened(database, site_id)
    arrive(database, site_id, association)
    ended(database, association)
    clock.advance(29)
    assert closings(database) == []

    clock.advance(1)

    assert closings(database) == [Closing.ASSOCIATION_CLOSED]


def test_an_open_association_is_waited_for(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    arrive(database, site_id, opened(database, site_id))
    clock.advance(119)
    assert closings(database) == []

    clock.advance(1)

    assert closings(database) == [Closing.QUIET]


@pytest.mark.parametrize("ending", [Ending.ABORTED, Ending.LOST])
def test_a_broken_association_is_given_time_to_come_back(
    database: Database, site_id: str, clock: FakeClock, ending: Ending
) -> None:
    association = opened(database, site_id)
    arrive(database, site_id, association)
    ended(database, association, ending)
    clock.advance(119)
    assert closings(database) == []

    clock.advance(1)

    assert closings(database) == [Closing.QUIET]


def test_every_association_of_the_study_counts(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    done, busy = opened(database, site_id), opened(database, site_id)
    arrive(database, site_id, done)
    arrive(database, site_id, busy)
    ended(database, done)
    clock.advance(60)
    assert closings(database) == []

    ended(database, busy)

    assert closings(database) == [Closing.ASSOCIATION_CLOSED]


def test_an_open_association_that_brought_other_studies_does_not_count(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    done = opened(database, site_id)
    arrive(database, site_id, done)
    ended(database, done)
    arrive(database, site_id, opened(database, site_id), study_instance_uid="1.9")
    clock.advance(30)

    assert closings(database) == [Closing.ASSOCIATION_CLOSED]


def test_each_arrival_starts_the_wait_anew(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    for _ in range(4):
        arrive(database, site_id)
        clock.advance(29)

    assert closings(database) == []


def test_a_study_that_never_rests_is_run_as_incomplete_at_the_cap(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    association = opened(database, site_id)
    for _ in range(18):
        arrive(database, site_id, association)
        clock.advance(100)

    [found] = due(database)
    closed = close(database, found)

    assert found.closing is Closing.CAP
    assert closed is not None
    assert closed.incomplete
    assert closed.closing is Closing.CAP


def test_a_study_found_late_but_quiet_is_complete(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    arrive(database, site_id)
    clock.advance(100_000)

    [found] = due(database)
    closed = close(database, found)

    assert closed is not None
    assert not closed.incomplete


def test_a_closed_study_says_when_and_why_and_is_not_due_again(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    arrive(database, site_id)
    clock.advance(30)
    [found] = due(database)

    closed = close(database, found)

    assert closed is not None
    assert (closed.state, closed.closed_at) == (StudyState.CLOSED, clock.now)
    assert due(database) == []
    assert close(database, found) is None
    assert tags(database) == ["node:study:open", "node:study:close"]


def test_an_arrival_between_finding_and_closing_keeps_the_study_open(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    arrive(database, site_id)
    clock.advance(30)
    [found] = due(database)
    arrive(database, site_id)

    assert close(database, found) is None
    assert the_study(database).state is StudyState.RECEIVING


def test_a_late_instance_opens_the_next_revision(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    arrive(database, site_id)
    clock.advance(30)
    close(database, due(database)[0])
    clock.advance(5000)

    assert arrive(database, site_id) is Filing.NEW

    study = the_study(database)
    assert (study.state, study.revision) == (StudyState.RECEIVING, 2)
    assert (study.closed_at, study.closing) == (None, None)
    assert study.revision_started_at == clock.now
    assert closings(database) == []  # the cap counts from the revision's own first arrival
    assert tags(database) == ["node:study:open", "node:study:close", "node:study:reopen"]
    clock.advance(30)
    closed = close(database, due(database)[0])
    assert closed is not None
    assert closed.revision == 2


def test_a_known_instance_again_does_not_reopen_a_closed_study(
    database: Database, site_id: str, clock: FakeClock
) -> None:
    facts = {"sop_instance_uid": generate_uid(), "data_set_digest": "a" * 64}
    arrive(database, site_id, **facts)
    clock.advance(30)
    close(database, due(database)[0])

    assert arrive(database, site_id, **facts) is Filing.SAME
    assert the_study(database).state is StudyState.CLOSED


def test_an_unknown_study_cannot_be_closed(database: Database, clock: FakeClock) -> None:
    with pytest.raises(UnknownStudy):
        close(database, Due("std_none", 1, clock.now, Closing.QUIET))


def test_a_study_is_read_only_within_its_site(database: Database, site_id: str) -> None:
    with database.write() as session:
        study = create_study(session, site_id)
    reader = Actor("u", "u", grants=(Grant(Role.READER),), sites=frozenset({"site_other"}))
    nobody = Actor("u", "u", sites=frozenset({site_id}))
    own = Actor("u", "u", grants=(Grant(Role.READER),), sites=frozenset({site_id}))

    with database.read() as session:
        assert service.study_by_id(session, own, study.id) == study
        with pytest.raises(UnknownStudy):
            service.study_by_id(session, reader, study.id)
        with pytest.raises(Forbidden):
            service.study_by_id(session, nobody, study.id)
        assert repository.instances(session, reader, study.id) == []
        assert repository.counts(session, reader, [study.id]) == {}
