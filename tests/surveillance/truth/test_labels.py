from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from factories.surveillance import FINDING, START, Place, create_place, run_facts
from factories.truth import EVERYBODY, Ward, label, labels, studied, studies, uid
from sqlmodel import select

from surveillance.axes import ALL, AXES
from surveillance.records.facts import RunFacts
from surveillance.records.models import Basis, PredictionRecord
from surveillance.records.repository import Scope
from surveillance.truth import repository
from surveillance.truth import service as truth
from surveillance.truth.lines import Line
from surveillance.truth.models import ReferenceStandard, TruthBatch
from surveillance.truth.series import TruthSeries
from surveillance.truth.verdicts import Verdict
from vigil.kernel.db import Database
from vigil.kernel.identity.actor import Actor

# What the clock of the tests says: labels become known then, whatever day they are dated.
TODAY = date(2026, 11, 21)


def series(
    ward: Ward, basis: Basis = Basis.EXAM, axes: tuple[str, ...] = (ALL,)
) -> list[TruthSeries]:
    with ward.database.read() as session:
        return truth.series(session, EVERYBODY, Scope(), basis=basis, axes=axes)


def one_study(
    place: Place, score: float = 0.9, number: int = 1, day: date = START
) -> list[RunFacts]:
    return studied([run_facts(place, number, score=score, day=day)], first=number)


def test_labels_make_the_table_of_four_on_both_bases(ward: Ward, place: Place) -> None:
    runs = [*one_study(place, 0.9, 1), *one_study(place, 0.9, 2), *one_study(place, 0.1, 3)]
    runs += one_study(place, 0.1, 4)
    ward.record(runs)
    later = START + timedelta(days=9)
    taken = ward.tell(
        [label(i, uid(i), present, day=later) for i, present in ((1, 1), (2, 0), (3, 1), (4, 0))]
    )
    assert taken.batch.verdicts == {"accepted": 4}
    (exam,), (told,) = series(ward), series(ward, Basis.LABEL)
    assert (exam.days, told.days) == ((START,), (TODAY,))
    for each in (exam, told):
        table = [int(getattr(each, name)[0]) for name in ("tp", "fp", "fn", "tn")]
        assert table == [1, 1, 1, 1]
        assert (each.positives.sum(), each.negatives.sum()) == (2, 2)
        assert each.claim[0] == pytest.approx(2.0)
        assert each.brier[0] == pytest.approx(2 * 0.01 + 2 * 0.81)
        assert each.reference_id is not None


def test_a_label_counts_for_every_version_that_judged_the_study(
    ward: Ward, place: Place, database: Database
) -> None:
    with database.write() as session:
        other = create_place(session, "RYY01")
    second = Place(other.version_id, other.model_id, other.supplier_id, place.site_id, "")
    second = Place(**{**vars(second), "deployment_id": other.deployment_id})
    first_run, second_run = run_facts(place, 1, score=0.9), run_facts(second, 2, score=0.2)
    ward.record([*studied([first_run], 1), *studied([second_run], 1)])
    ward.tell([label(1, uid(1), 1)])
    found = {each.version_id: (int(each.tp.sum()), int(each.fn.sum())) for each in series(ward)}
    assert found == {place.version_id: (1, 0), second.version_id: (0, 1)}


def test_a_label_that_comes_before_its_record_waits_for_it(ward: Ward, place: Place) -> None:
    older = studied([run_facts(place, 1, score=0.9)], 1)
    newer = studied([run_facts(place, 2, score=0.1, supersedes=older[0].run_id)], 1)
    ward.record(older)
    ward.tell([label(1, uid(1), 1)])
    assert [int(each.tp.sum()) for each in series(ward)] == [1]
    ward.record(newer)
    (after,) = series(ward)
    assert (int(after.tp.sum()), int(after.fn.sum())) == (0, 1)
    held = ward.counts()
    ward.rebuild()
    assert ward.counts() == held


def test_the_same_batch_twice_changes_nothing(ward: Ward, place: Place) -> None:
    runs = studies(place)
    ward.record(runs)
    lines = labels(runs)
    first = ward.tell(lines)
    ward.tell([label(1, str(runs[0].study_instance_uid), "withdrawn", day=START + timedelta(30))])
    held = ward.counts()
    again = ward.tell(lines)
    assert (again.again, dict(again.lines)) == (True, {})
    assert (again.batch.id, again.batch.times) == (first.batch.id, 2)
    assert ward.counts() == held


def test_what_was_unknown_is_taken_when_the_table_comes_again(ward: Ward, place: Place) -> None:
    runs = studies(place, days=1, per_day=4)
    ward.record(runs[:2])
    lines = labels(runs)
    assert ward.tell(lines).batch.verdicts == {"accepted": 2, "unknown_study": 2}
    ward.record(runs[2:])
    again = ward.tell(lines)
    assert again.batch.verdicts == {"accepted": 4}
    assert again.batch.open_lines == {}
    assert int(series(ward)[0].n.sum()) == 4


def test_a_correction_takes_the_earlier_label_back(ward: Ward, place: Place) -> None:
    ward.record(one_study(place, 0.9))
    assert ward.tell([label(1, uid(1), 1, day=START)]).batch.verdicts == {"accepted": 1}
    later = START + timedelta(days=5)
    assert ward.tell([label(1, uid(1), 0, day=later)]).batch.verdicts == {"corrected": 1}
    (told,) = series(ward, Basis.LABEL)
    assert (told.days, told.tp.tolist(), told.fp.tolist()) == ((TODAY,), [0], [1])
    withdrawn = ward.tell([label(1, uid(1), "withdrawn", day=later + timedelta(days=1))])
    assert withdrawn.batch.verdicts == {"withdrawn": 1}
    assert series(ward) == []
    assert ward.tell([label(1, uid(1), 1, day=START + timedelta(1))]).batch.verdicts == {
        "outdated": 1
    }
    assert series(ward) == []


def test_every_line_has_a_verdict_and_none_is_lost(ward: Ward, place: Place) -> None:
    ward.record([*one_study(place, 0.9, 1), *one_study(place, 0.8, 2), *one_study(place, 0.7, 3)])
    tomorrow = date(2999, 1, 1)
    lines = [
        label(2, uid(1), 1),
        label(3, uid(1), 1),
        label(4, uid(2), 1, day=START),
        label(5, uid(2), 0, day=START),
        label(6, uid(9), 1),
        label(7, uid(3), 1, finding="nothing"),
        label(8, uid(3), "perhaps"),
        label(9, uid(3), ""),
        label(10, "1.2.x", 1),
        label(11, uid(3), 1, day=tomorrow),
        label(12, uid(3), 1, day=START - timedelta(days=2)),
        Line(
            13,
            {"study_instance_uid": uid(3), "finding": FINDING, "present": "1", "label_day": "1/2"},
        ),
        label(14, uid(3), "withdrawn"),
    ]
    taken = ward.tell(lines)
    assert dict(taken.lines) == {
        2: Verdict.ACCEPTED,
        3: Verdict.REPEATED,
        4: Verdict.CONFLICTING,
        5: Verdict.CONFLICTING,
        6: Verdict.UNKNOWN_STUDY,
        7: Verdict.UNKNOWN_FINDING,
        8: Verdict.BAD_VALUE,
        9: Verdict.BLANK,
        10: Verdict.BAD_UID,
        11: Verdict.IN_FUTURE,
        12: Verdict.BEFORE_EXAM,
        13: Verdict.BAD_DATE,
        14: Verdict.NOTHING_TO_WITHDRAW,
    }
    assert sum(taken.batch.verdicts.values()) == taken.batch.rows == len(lines)
    assert int(series(ward)[0].n.sum()) == 1


def test_labels_by_run_equal_those_rebuilt(ward: Ward, place: Place) -> None:
    runs = studies(place, days=6, per_day=12)
    ward.record(runs[:40])
    ward.tell(labels(runs[:40]))
    ward.record(runs[40:])
    ward.tell(labels(runs[30:], seed=8, lag=9))
    held = ward.counts()
    by_axis: Counter[str] = Counter()
    for each in series(ward, axes=(ALL, *AXES)):
        by_axis[each.axis] += int(each.n.sum())
    assert set(by_axis.values()) == {72}
    ward.rebuild()
    assert ward.counts() == held


def test_neither_study_nor_reader_is_kept(ward: Ward, place: Place, database: Database) -> None:
    ward.record(one_study(place, 0.9))
    ward.tell([label(1, uid(1), 1)])
    with database.read() as session:
        for table in (ReferenceStandard, TruthBatch, PredictionRecord):
            rows = session.exec(select(table)).all()
            assert rows
            assert all(uid(1) not in str(row.model_dump()) for row in rows)


def test_pseudonyms_of_another_year_cannot_be_joined(
    ward: Ward, place: Place, database: Database
) -> None:
    before = date(START.year - 1, 12, 31)
    ward.record([*one_study(place, 0.9, 1), *one_study(place, 0.9, 1_000_001, before)])
    runs = one_study(place, 0.9, 5, before)
    ward.record(runs)
    with database.read() as session:
        rows = session.exec(select(PredictionRecord).where(PredictionRecord.finding_key == FINDING))
        by_day = {(row.day, row.study_pseudonym): row for row in rows.all()}
    assert len(by_day) == 3
    # A label finds the study of the year before all the same.
    assert ward.tell([label(1, uid(5), 1)]).batch.verdicts == {"accepted": 1}


def test_a_site_reads_only_its_own_labels(ward: Ward, place: Place, database: Database) -> None:
    ward.record(one_study(place, 0.9))
    taken = ward.tell([label(1, uid(1), 1)])
    stranger = Actor(id="u", label="u", sites=frozenset({"site_other"}))
    with database.read() as session:
        assert truth.series(session, stranger, Scope(), basis=Basis.EXAM) == []
        assert repository.batch(session, stranger, taken.batch.id) is None


def test_the_order_of_labels_does_not_matter(ward: Ward, place: Place) -> None:
    ward.record([*one_study(place, 0.9, 1), *one_study(place, 0.9, 2)])
    said = [
        (1, START),
        (0, START + timedelta(3)),
        (1, START + timedelta(6)),
        (1, START + timedelta(7)),
    ]
    for number, (present, day) in enumerate(said):
        ward.tell([label(number, uid(1), present, day=day)])
    shuffled = list(said)
    Random(3).shuffle(shuffled)
    for number, (present, day) in enumerate(shuffled):
        ward.tell([label(number, uid(2), present, day=day)])
    (told,) = series(ward, Basis.LABEL)
    assert (told.days, told.tp.tolist()) == ((TODAY,), [2])
