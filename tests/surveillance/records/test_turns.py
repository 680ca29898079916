"""Two writers that meet leave the counts that the records give, whoever comes first."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from factories.surveillance import (
    FINDING,
    START,
    Place,
    create_place,
    reference_cases,
    run_facts,
)
from factories.truth import EVERYBODY, counts, label, studied, uid
from sqlmodel import select

from inference.decisions.models import Decision
from surveillance.alerts import service as alerts
from surveillance.alerts.errors import WrongState
from surveillance.alerts.models import AlertState, Tier
from surveillance.alerts.service import Signal
from surveillance.records import baseline, service
from surveillance.records.events import RunRecorded
from surveillance.records.facts import RunFacts
from surveillance.records.models import AggregateDay, PredictionRecord
from surveillance.records.repository import Scope
from surveillance.truth import service as truth
from surveillance.truth.lines import Line
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.events import Events
from vigil.kernel.identity.actor import Actor, Grant
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
Deed = Callable[[WriteSession], object]
LONGEST = 20.0
_WAITING = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")


@pytest.fixture
def place(database: Database, objects: LocalObjectStore) -> Place:
    with database.write() as session:
        place = create_place(session)
    refer(database, objects, place)
    return place


def refer(database: Database, objects: LocalObjectStore, place: Place) -> None:
    with database.write() as session:
        set_reference(session, objects, place)


def set_reference(
    session: WriteSession, objects: LocalObjectStore, place: Place, *, n: int = 2000
) -> None:
    baseline.set_from_cases(
        session,
        OFFICER,
        objects,
        version_id=place.version_id,
        finding_key=FINDING,
        cases=reference_cases(n),
        reason="validation set",
        effective_from=START,
    )


def both(database: Database, first: Deed, second: Deed) -> list[BaseException]:
    """Do both, the second while the first is not committed; return how the second failed.

    On PostgreSQL the first ends when the second waits for it, or was done without; SQLite's writers
    take turns.
    """
    failed: list[BaseException] = []

    def act() -> None:
        try:
            with database.write() as session:
                second(session)
        except Exception as error:  # noqa: BLE001 - told to the test
            failed.append(error)

    other = threading.Thread(target=act)
    with database.write() as session:
        first(session)
        other.start()
        if not database.is_sqlite:
            _until_it_waits(database, other)
    other.join(LONGEST)
    assert not other.is_alive()
    return failed


def _until_it_waits(database: Database, other: threading.Thread) -> None:
    while other.is_alive():
        with database.read() as session:
            if session.execute(_WAITING).scalar_one():
                return
        time.sleep(0.01)


def record(keys: Keys, *runs: RunFacts) -> Deed:
    """Record as the task does, which tells truth of it in the same transaction."""

    def deed(session: WriteSession) -> None:
        for run in runs:
            service.record_run(session, keys, run)
            study = service.study_pseudonym(keys, run)
            if study is not None:
                truth.on_run_recorded(session, RunRecorded(run.site_id, study))

    return deed


def decide(keys: Keys, run: RunFacts, said: Decision) -> Deed:
    return lambda session: service.set_decisions(session, keys, run.run_id, {FINDING: said})


def tell(keys: Keys, place: Place, present: int) -> Deed:
    return lambda session: truth.add_labels(
        session,
        EVERYBODY,
        keys,
        site_id=place.site_id,
        source="registry",
        lines=[label(1, uid(1), present, day=START + timedelta(days=present))],
        reason="audit",
    )


def group(keys: Keys, place: Place, **levels: str) -> Deed:
    return lambda session: truth.add_groups(
        session,
        EVERYBODY,
        keys,
        site_id=place.site_id,
        source="PAS",
        lines=[Line(1, {"study_instance_uid": uid(1), **levels})],
        reason="groups",
    )


def of_everybody(database: Database) -> tuple[int, int, int]:
    with database.read() as session:
        statement = select(AggregateDay).where(
            AggregateDay.axis == "all", AggregateDay.finding_key == FINDING
        )
        rows = session.exec(statement).all()
    return (
        sum(row.n for row in rows),
        sum(row.decided for row in rows),
        sum(row.override_fp for row in rows),
    )


def assert_counts_are_those_of_the_records(database: Database) -> None:
    with database.read() as session:
        counted = counts(session)
    with database.write() as session:
        service.rebuild(session, Scope())
        session.expire_all()
        assert counts(session) == counted


def a_study(place: Place, number: int = 1, *, supersedes: str | None = None) -> RunFacts:
    return studied([run_facts(place, number, score=0.9, supersedes=supersedes)], first=1)[0]


@pytest.mark.parametrize("first", [Decision.OVERRIDE_FP, Decision.AGREE_POS])
def test_two_decisions_at_once_leave_one(
    database: Database, place: Place, keys: Keys, first: Decision
) -> None:
    run = a_study(place)
    second = {Decision.OVERRIDE_FP, Decision.AGREE_POS} - {first}
    with database.write() as session:
        record(keys, run)(session)
    assert both(database, decide(keys, run, first), decide(keys, run, *second)) == []
    assert of_everybody(database) == (1, 1, int(first is not Decision.OVERRIDE_FP))
    assert_counts_are_those_of_the_records(database)


def test_a_run_and_the_one_that_supersedes_it_at_once_count_once(
    database: Database, place: Place, keys: Keys
) -> None:
    older = a_study(place)
    newer = a_study(place, 2, supersedes=older.run_id)
    assert both(database, record(keys, older), record(keys, newer)) == []
    assert of_everybody(database) == (1, 0, 0)
    assert_counts_are_those_of_the_records(database)


def test_a_decision_and_the_run_that_supersedes_its_own_at_once_count_once(
    database: Database, place: Place, keys: Keys
) -> None:
    older = a_study(place)
    newer = a_study(place, 2, supersedes=older.run_id)
    with database.write() as session:
        record(keys, older)(session)
    override = decide(keys, older, Decision.OVERRIDE_FP)
    assert both(database, record(keys, newer), override) == []
    assert of_everybody(database) == (1, 0, 0)
    assert_counts_are_those_of_the_records(database)


@pytest.mark.parametrize("label_first", [True, False])
def test_a_label_and_its_run_at_once_find_each_other(
    database: Database, place: Place, keys: Keys, label_first: bool
) -> None:
    known, run = a_study(place, 9), a_study(place)
    with database.write() as session:
        record(keys, known)(session)
    deeds = (tell(keys, place, 1), record(keys, run))
    assert both(database, *(deeds if label_first else deeds[::-1])) == []
    with database.read() as session:
        rows = session.exec(
            select(PredictionRecord).where(PredictionRecord.finding_key == FINDING)
        ).all()
    assert [row.truth for row in rows] == [True, True]
    assert_counts_are_those_of_the_records(database)


def test_two_tables_of_labels_at_once_leave_the_later_day(
    database: Database, place: Place, keys: Keys
) -> None:
    with database.write() as session:
        record(keys, a_study(place))(session)
    assert both(database, tell(keys, place, 1), tell(keys, place, 0)) == []
    with database.read() as session:
        row = session.exec(
            select(PredictionRecord).where(PredictionRecord.finding_key == FINDING)
        ).one()
    assert row.truth is True
    assert_counts_are_those_of_the_records(database)


def test_groups_told_at_once_are_all_kept(database: Database, place: Place, keys: Keys) -> None:
    with database.write() as session:
        record(keys, a_study(place))(session)
        group(keys, place, ethnicity="C")(session)
    told = (group(keys, place, ethnicity="A"), group(keys, place, imd="3"))
    assert both(database, *told) == []
    with database.read() as session:
        rows = session.exec(select(PredictionRecord)).all()
    held = {(row.attributes["ethnicity"], row.attributes["imd"]) for row in rows}
    assert held == {("A", "3")}
    assert_counts_are_those_of_the_records(database)


@pytest.mark.parametrize("recorded_first", [True, False])
def test_a_run_recorded_beside_a_new_reference_counts_once_and_on_its_edges(
    database: Database,
    place: Place,
    keys: Keys,
    objects: LocalObjectStore,
    recorded_first: bool,
) -> None:
    with database.write() as session:
        record(keys, a_study(place, 7))(session)
    deeds: tuple[Deed, Deed] = (
        record(keys, a_study(place)),
        lambda session: set_reference(session, objects, place, n=900),
    )
    assert both(database, *(deeds if recorded_first else deeds[::-1])) == []
    assert of_everybody(database)[0] == 2
    assert_counts_are_those_of_the_records(database)


def test_an_alert_is_not_acknowledged_after_somebody_else_resolved_it(
    database: Database, place: Place
) -> None:
    with database.write() as session:
        raised = alerts.raise_alert(session, OFFICER, Events(), _signal(place))
        assert raised is not None
        alert_id = raised.id
    failed = both(
        database,
        lambda session: alerts.resolve(session, OFFICER, alert_id, "a new scanner"),
        lambda session: alerts.acknowledge(session, OFFICER, alert_id, "I look into it"),
    )
    assert [type(each) for each in failed] == [WrongState]
    with database.read() as reading:
        assert alerts.alert(reading, OFFICER, alert_id).state is AlertState.RESOLVED


def _signal(place: Place) -> Signal:
    return Signal(
        version_id=place.version_id,
        site_id=place.site_id,
        finding_key=FINDING,
        stream="flag_rate",
        axis="all",
        level="all",
        reference_id=None,
        tier=Tier.WATCH,
        estimate=0.4,
        interval_low=0.3,
        interval_high=0.5,
        baseline=0.2,
        tolerance=0.25,
        e_value=900.0,
        n=400,
        window_from=START,
        window_to=START,
        sentence="40.0% of cases are flagged.",
    )
