import math
from collections import Counter
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from factories.surveillance import (
    FINDING,
    START,
    Place,
    create_place,
    many_runs,
    reference_cases,
    run_facts,
)
from sqlmodel import select

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.axes import ALL, AXES, IMAGE_AXES
from surveillance.records import baseline, repository, service
from surveillance.records.errors import UnknownRecord
from surveillance.records.models import WHOLE_RUN, PredictionRecord
from surveillance.records.repository import Scope
from surveillance.reports import repository as reports
from vigil.kernel.db import Database, ReadSession
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore

EVERYBODY = system_actor("test")


def counts(session: ReadSession) -> dict[str, Any]:
    rows = repository.aggregates(session, EVERYBODY, Scope(), (ALL, *AXES))
    return {row.id: (*row[1:9], tuple(row.histogram.tolist()), *row[10:]) for row in rows}


def total(session: ReadSession, column: str, finding: str = FINDING) -> int:
    rows = repository.aggregates(session, EVERYBODY, Scope(finding_key=finding), (ALL,))
    return sum(getattr(row, column) for row in rows)


def set_reference(database: Database, objects: LocalObjectStore, place: Place) -> None:
    with database.write() as session:
        baseline.set_from_cases(
            session,
            EVERYBODY,
            objects,
            version_id=place.version_id,
            finding_key=FINDING,
            cases=reference_cases(),
            reason="validation set",
            effective_from=START,
        )


@pytest.fixture
def place(database: Database) -> Place:
    with database.write() as session:
        return create_place(session)


def test_counts_folded_run_by_run_equal_those_rebuilt_from_the_records(
    database: Database, place: Place, keys: Keys, objects: LocalObjectStore
) -> None:
    set_reference(database, objects, place)
    facts = many_runs(place, days=10, per_day=40, decided=0.5)
    with database.write() as session:
        for one in facts:
            service.record_run(session, keys, one)
    with database.read() as session:
        folded = counts(session)
        assert total(session, "n") == 400
        assert total(session, "n", WHOLE_RUN) == 400
    with database.write() as session:
        service.rebuild(session, Scope())
        session.expire_all()
        rebuilt = counts(session)
    assert folded == rebuilt
    assert len(folded) > 100


def test_a_score_that_is_no_number_is_invalid_and_one_that_was_never_said_is_missing(
    database: Database, place: Place, keys: Keys, objects: LocalObjectStore
) -> None:
    """Live and rebuilt: the database keeps the difference."""
    set_reference(database, objects, place)
    said = (0.4, None, math.nan, math.inf, -math.inf)
    with database.write() as session:
        for number, score in enumerate(said):
            service.record_run(session, keys, run_facts(place, number, score=score))
    seen = []
    with database.write() as session:
        for _ in range(2):
            (row,) = repository.aggregates(session, EVERYBODY, Scope(finding_key=FINDING), (ALL,))
            seen.append((row.n, int(row.histogram.sum()), row.histogram[-2:].tolist()))
            service.rebuild(session, Scope())
    assert seen == [(5, 5, [1, 3])] * 2
    with database.read() as session:
        rows = session.exec(
            select(PredictionRecord).where(PredictionRecord.finding_key == FINDING)
        ).all()
        assert sorted(str(row.score) for row in rows) == ["0.4", "None", "nan", "nan", "nan"]
        held = repository.first(session, EVERYBODY, Scope(finding_key=FINDING), 10)
        assert [row.score for row in held] == [0.4]
        counted = reports.scored(session, EVERYBODY, Scope(place.version_id, place.site_id))
        assert counted[FINDING] == (5, 1, 0)


def test_a_decision_on_a_score_that_is_no_number_leaves_it_where_it_is_counted(
    database: Database, place: Place, keys: Keys, objects: LocalObjectStore
) -> None:
    set_reference(database, objects, place)
    facts = run_facts(place, 1, score=math.nan)
    with database.write() as session:
        service.record_run(session, keys, facts)
    with database.write() as session:
        service.set_decisions(session, keys, facts.run_id, {FINDING: Decision.AGREE_NEG})
        rows = repository.aggregates(session, EVERYBODY, Scope(finding_key=FINDING), (ALL,))
        # The decision counts for alarms on the day that it was heard, which has no case of its own.
        (row,) = (row for row in rows if row.n)
        assert (row.n, row.decided, row.histogram[-2:].tolist()) == (1, 1, [0, 1])
        assert sum(row.heard for row in rows) == 1


def test_the_levels_of_each_axis_add_up_to_all(
    database: Database, place: Place, keys: Keys, objects: LocalObjectStore
) -> None:
    set_reference(database, objects, place)
    with database.write() as session:
        for one in many_runs(place, days=2, per_day=30):
            service.record_run(session, keys, one)
        by_axis: Counter[str] = Counter()
        histograms: dict[str, Any] = {}
        for row in repository.aggregates(
            session, EVERYBODY, Scope(finding_key=FINDING), (ALL, *AXES)
        ):
            by_axis[row.axis] += row.n
            histograms[row.axis] = histograms.get(row.axis, 0) + row.histogram
    assert by_axis == dict.fromkeys((ALL, *AXES), 60)
    assert all((held == histograms[ALL]).all() for held in histograms.values())
    assert histograms[ALL].sum() == 60


def test_recording_a_run_again_changes_nothing(
    database: Database, place: Place, keys: Keys
) -> None:
    with database.write() as session:
        assert service.record_run(session, keys, run_facts(place, 1)) == 2
        before = counts(session)
        assert service.record_run(session, keys, run_facts(place, 1)) == 0
        assert counts(session) == before


def test_a_changed_decision_moves_the_counts_by_the_difference(
    database: Database, place: Place, keys: Keys, objects: LocalObjectStore
) -> None:
    set_reference(database, objects, place)
    facts = run_facts(place, 1, score=0.9)
    with database.write() as session:
        service.record_run(session, keys, facts)
        said = service.set_decisions(session, keys, facts.run_id, {FINDING: Decision.OVERRIDE_FP})
        assert (said, total(session, "decided"), total(session, "override_fp")) == (1, 1, 1)
        service.set_decisions(session, keys, facts.run_id, {FINDING: Decision.AGREE_POS})
        assert (total(session, "decided"), total(session, "override_fp")) == (1, 0)
        assert total(session, "n") == 1
        unchanged = service.set_decisions(
            session, keys, facts.run_id, {FINDING: Decision.AGREE_POS}
        )
        assert unchanged == 0
        folded = counts(session)
        service.rebuild(session, Scope())
        assert counts(session) == folded


def test_a_decision_about_nothing_recorded_is_refused(database: Database, keys: Keys) -> None:
    with database.write() as session, pytest.raises(UnknownRecord):
        service.set_decisions(session, keys, "run_x", {FINDING: Decision.AGREE_POS})


@pytest.mark.parametrize("older_first", [True, False])
def test_a_superseding_run_counts_instead_whichever_is_recorded_first(
    database: Database, place: Place, keys: Keys, older_first: bool
) -> None:
    older = run_facts(place, 1, score=0.9)
    newer = run_facts(place, 2, score=0.2, supersedes=older.run_id)
    with database.write() as session:
        for facts in (older, newer) if older_first else (newer, older):
            service.record_run(session, keys, facts)
        assert total(session, "n") == 1
        assert total(session, "flagged") == 0
        assert total(session, "n", WHOLE_RUN) == 1


@pytest.mark.parametrize(
    ("outcome", "column"),
    [
        (Outcome.SKIPPED, "skipped"),
        (Outcome.FAILED, "failed"),
        (Outcome.NO_RESULT, "no_result"),
        (Outcome.CANCELLED, "cancelled"),
    ],
)
def test_what_was_not_analysed_is_counted(
    database: Database, place: Place, keys: Keys, outcome: Outcome, column: str
) -> None:
    with database.write() as session:
        service.record_run(session, keys, run_facts(place, 1, outcome=outcome))
        assert total(session, column, WHOLE_RUN) == 1
        assert total(session, "n", WHOLE_RUN) == 1
        assert total(session, "shown", WHOLE_RUN) == 0
        assert total(session, "n") == 0


def test_a_shadow_run_is_counted_but_not_shown(
    database: Database, place: Place, keys: Keys
) -> None:
    with database.write() as session:
        service.record_run(session, keys, run_facts(place, 1, mode=RunMode.SHADOW))
        assert (total(session, "n"), total(session, "shown")) == (1, 0)


def test_records_hold_neither_run_nor_patient_as_inference_knows_them(
    database: Database, place: Place, keys: Keys
) -> None:
    facts = run_facts(place, 1)
    with database.write() as session:
        service.record_run(session, keys, facts)
        rows = repository.records(session, EVERYBODY, Scope(), 10)
    for row in rows:
        text = str(row.model_dump())
        assert facts.run_id not in text
        assert facts.patient_pseudonym not in text
    assert len({row.patient_pseudonym for row in rows}) == 1


def test_an_unknown_attribute_is_a_level_of_its_own(
    database: Database, place: Place, keys: Keys
) -> None:
    with database.write() as session:
        service.record_run(session, keys, run_facts(place, 1, attributes={"patient_sex": "X"}))
        rows = repository.aggregates(session, EVERYBODY, Scope(finding_key=FINDING), AXES)
        assert {(row.axis, row.level) for row in rows} == {(axis, "unknown") for axis in AXES}


def test_a_reference_set_later_counts_the_days_it_holds_for(
    database: Database, place: Place, keys: Keys, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        for one in many_runs(place, days=3, per_day=5, start=START - timedelta(days=1)):
            service.record_run(session, keys, one)
    set_reference(database, objects, place)
    with database.read() as session:
        rows = repository.aggregates(session, EVERYBODY, Scope(finding_key=FINDING), (ALL,))
        held = {row.day: int(np.sum(row.histogram)) for row in rows}
    assert held == {START - timedelta(days=1): 0, START: 5, START + timedelta(days=1): 5}


def test_a_reader_of_one_site_sees_no_other_sites_counts(
    database: Database, place: Place, keys: Keys
) -> None:
    with database.write() as session:
        other = create_place(session, "RYY01", place)
        for number, where in enumerate((place, other)):
            service.record_run(session, keys, run_facts(where, number))
        local = Actor(id="u", label="u", sites=frozenset({other.site_id}))
        rows = repository.aggregates(session, local, Scope(), (ALL,))
        assert {row.site_id for row in rows} == {other.site_id}
        records = repository.records(session, local, Scope(), 10)
        assert {row.site_id for row in records} == {other.site_id}
        assert repository.count(session, local, Scope(finding_key=FINDING)) == 1


def test_a_site_may_make_its_own_reference_of_its_first_cases(
    database: Database, place: Place, keys: Keys, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        for one in many_runs(place, days=12, per_day=30, override_rate=0.1):
            service.record_run(session, keys, one)
        row = baseline.set_from_records(
            session,
            EVERYBODY,
            objects,
            version_id=place.version_id,
            site_id=place.site_id,
            finding_key=FINDING,
            first=300,
            reason="the first 300 cases were reviewed",
        )
        assert (row.n, row.decided) == (300, 300)
        assert row.effective_from == date(2026, 9, 11)
        held = repository.aggregates(
            session, EVERYBODY, Scope(finding_key=FINDING, from_day=row.effective_from), (ALL,)
        )
        assert sum(int(day.histogram.sum()) for day in held) == 60
        assert {day.reference_id for day in held} == {row.id}


def test_records_from_before_pseudonyms_changed_with_the_year_keep_working(
    database: Database, place: Place, keys: Keys
) -> None:
    older = run_facts(place, 1, score=0.9)
    with database.write() as session:
        service.record_run(session, keys, older)
        # What an earlier version of Vigil wrote: no year in the pseudonym, four axes, no study.
        for row in session.exec(select(PredictionRecord)).all():
            row.run_pseudonym = keys.pseudonym("surveillance", older.run_id)
            row.attributes = {axis: row.attributes[axis] for axis in IMAGE_AXES}
            row.exam_day = None
            session.add(row)
        service.rebuild(session, Scope())
        assert service.record_run(session, keys, older) == 0
        said = {FINDING: Decision.OVERRIDE_FP}
        assert service.set_decisions(session, keys, older.run_id, said) == 1
        newer = run_facts(place, 2, score=0.2, supersedes=older.run_id)
        assert service.record_run(session, keys, newer) == 2
        assert (total(session, "n"), total(session, "flagged")) == (1, 0)
        rows = repository.aggregates(session, EVERYBODY, Scope(finding_key=FINDING), (ALL, *AXES))
        assert all(row.n in {0, 1} for row in rows)


def test_a_decision_in_a_later_year_finds_its_record(
    database: Database, place: Place, keys: Keys
) -> None:
    last_year = date(2024, 12, 31)
    facts = run_facts(place, 1, day=last_year, score=0.9)
    said = {FINDING: Decision.OVERRIDE_FP}
    with database.write() as session:
        service.record_run(session, keys, facts)
        assert service.set_decisions(session, keys, facts.run_id, said, last_year) == 1
        later = run_facts(place, 2, day=date(2025, 1, 2), supersedes=facts.run_id)
        service.record_run(session, keys, later)
        assert total(session, "n") == 1


def test_runs_recorded_together_count_as_one_by_one(
    database: Database, place: Place, keys: Keys, objects: LocalObjectStore
) -> None:
    set_reference(database, objects, place)
    facts = many_runs(place, days=3, per_day=20)
    newer = run_facts(place, 9, score=0.2, supersedes=facts[0].run_id)
    with database.write() as session:
        assert service.record_runs(session, keys, [*facts, *facts, newer]) == 122
        assert service.record_runs(session, keys, facts[:5]) == 0
        assert total(session, "n") == 60
        together = counts(session)
        service.rebuild(session, Scope())
        assert counts(session) == together
