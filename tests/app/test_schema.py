from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from factories.surveillance import FINDING, START, create_place, run_facts
from sqlmodel import col, select

from inference.decisions.models import Decision
from surveillance.axes import AXES
from surveillance.crosses import service as crosses
from surveillance.records import repository, service
from surveillance.records.models import AggregateDay, PredictionRecord, TruthDay
from surveillance.records.repository import Scope
from surveillance.records.service import record_run
from surveillance.streams.models import DaySeal
from vigil.app import schema
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.keys import Keys

_RECORD: Any = sa.table("prediction_record", *map(sa.column, ("score", "truth", "label_day")))
_SUMS = dict.fromkeys(("tp", "fp", "tn", "fn", "claimed", "claim_sum", "brier_sum"), 1)
_ROW = {
    "mode": "live",
    "finding_key": FINDING,
    "axis": "all",
    "level": "all",
    "positives": b"",
    "negatives": b"",
} | _SUMS
_TRUTH: Any = sa.table(
    "truth_day", *map(sa.column, (*_ROW, "id", "basis", "version_id", "site_id", "day"))
)


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


def test_what_was_counted_is_known_since_the_day_that_it_was_counted_on(
    database: Database, keys: Keys
) -> None:
    with database.write() as session:
        place = create_place(session)
        run = run_facts(place, 1, score=0.9, decision=Decision.OVERRIDE_FP)
        run = replace(run, study_instance_uid="1.2.3", exam_day=START)
        record_run(session, keys, run)
    schema.downgrade(database, "0013")
    told = {"truth": True, "label_day": START + timedelta(days=9)}
    with database.engine.begin() as connection:
        connection.execute(sa.update(_RECORD).where(_RECORD.c.score.is_not(None)).values(**told))
        day = {"version_id": place.version_id, "site_id": place.site_id, "day": START}
        connection.execute(sa.insert(_TRUTH), day | _ROW | {"id": "trd_1", "basis": "label"})
        connection.execute(sa.insert(_TRUTH), day | _ROW | {"id": "trd_2", "basis": "exam"})
        seal = {"version_id": place.version_id, "site_id": place.site_id, "sealed_to": START}
        connection.execute(sa.insert(sa.table("day_seal", *map(sa.column, seal))), seal)

    schema.upgrade(database)

    with database.read() as reading:
        (record,) = reading.exec(
            select(PredictionRecord).where(col(PredictionRecord.score).is_not(None))
        ).all()
        assert record.decision_known_day == START
        assert record.truth_known_day == record.label_day == START + timedelta(days=9)
        rows = reading.exec(select(AggregateDay).where(AggregateDay.finding_key == FINDING)).all()
        assert rows
        assert {(row.heard, row.heard_fp, row.heard_fn) for row in rows} == {(1, 1, 0)}
        held = {row.id: row.told_day for row in reading.exec(select(TruthDay)).all()}
        assert held == {"trd_1": START, "trd_2": None}
        # Packs and their seals are of fewer columns; what breaks a seal is still there.
        assert reading.exec(select(DaySeal)).all() == []
    with database.write() as session:
        session.add(DaySeal(version_id=place.version_id, site_id=place.site_id, sealed_to=START))
        session.flush()
        service.set_decisions(session, keys, run.run_id, {FINDING: Decision.AGREE_POS})
        session.expire_all()
        assert session.exec(select(DaySeal)).one().sealed_to < START


def test_the_schema_before_finds_labels_on_the_day_that_they_are_counted_on(
    database: Database, keys: Keys
) -> None:
    with database.write() as session:
        place = create_place(session)
        record_run(session, keys, run_facts(place, 1, score=0.9))
        for row in session.exec(select(PredictionRecord)).all():
            row.truth, row.label_day = True, START
            row.truth_known_day = START + timedelta(days=40)
            session.add(row)

    schema.downgrade(database, "0013")

    with database.engine.connect() as connection:
        days = connection.execute(sa.select(_RECORD.c.label_day)).scalars().all()
    assert {str(day) for day in days} == {str(START + timedelta(days=40))}
    schema.upgrade(database)
    assert schema.differences(database) == []
