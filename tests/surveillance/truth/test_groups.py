from datetime import timedelta

import pytest
from factories.surveillance import FINDING, START, Place, run_facts
from factories.truth import EVERYBODY, Ward, label, studied, uid

from surveillance.axes import ALL, AXES
from surveillance.records.models import Basis
from surveillance.records.repository import Scope, aggregates
from surveillance.truth import service as truth
from surveillance.truth.lines import Line
from surveillance.truth.verdicts import Verdict


def group(number: int, study: str, **levels: str) -> Line:
    return Line(number, {"study_instance_uid": study, **levels})


def held(ward: Ward, axis: str) -> dict[str, int]:
    with ward.database.read() as session:
        rows = aggregates(session, EVERYBODY, Scope(finding_key=FINDING), (axis,))
    return {row.level: row.n for row in rows if row.n}


def record(ward: Ward, place: Place, *numbers: int) -> None:
    runs = [run_facts(place, n, attributes={"patient_sex": "F"}) for n in numbers]
    for n, run in zip(numbers, runs, strict=True):
        ward.record(studied([run], n))


def test_told_groups_move_the_counts_by_the_difference(ward: Ward, place: Place) -> None:
    record(ward, place, 1, 2, 3)
    assert held(ward, "setting") == {"unknown": 3}
    ward.tell([group(1, uid(1), setting="GP"), group(2, uid(2), imd="03")], groups=True)
    assert held(ward, "setting") == {"gp": 1, "unknown": 2}
    assert held(ward, "imd") == {"3": 1, "unknown": 2}
    assert held(ward, "sex") == {"F": 3}
    ward.tell([group(1, uid(1), setting="inpatient")], groups=True)
    assert held(ward, "setting") == {"inpatient": 1, "unknown": 2}
    before = ward.counts()
    ward.rebuild()
    assert ward.counts() == before


def test_groups_and_labels_meet_in_the_counts_of_the_labelled(ward: Ward, place: Place) -> None:
    record(ward, place, 1)
    ward.tell([group(1, uid(1), ethnicity="A")], groups=True)
    ward.tell([label(1, uid(1), 1, day=START + timedelta(days=1))])
    ward.tell([group(1, uid(1), ethnicity="B")], groups=True)
    with ward.database.read() as session:
        found = truth.series(
            session, EVERYBODY, Scope(), basis=Basis.LABEL, axes=("ethnicity", ALL)
        )
    assert {(one.axis, one.level): int(one.n.sum()) for one in found} == {
        ("ethnicity", "B"): 1,
        (ALL, ALL): 1,
    }


def test_a_group_told_before_a_later_run_holds_for_it_too(ward: Ward, place: Place) -> None:
    first = studied([run_facts(place, 1)], 1)
    ward.record(first)
    ward.tell([group(1, uid(1), setting="emergency")], groups=True)
    ward.record(studied([run_facts(place, 2, supersedes=first[0].run_id)], 1))
    assert held(ward, "setting") == {"emergency": 1}


def test_every_line_of_groups_has_a_verdict(ward: Ward, place: Place) -> None:
    record(ward, place, 1, 2)
    lines = [
        group(1, uid(1), setting="gp"),
        group(2, uid(2), setting="gp"),
        group(3, uid(2), setting="outpatient"),
        group(4, uid(8), setting="gp"),
        group(5, uid(1), setting="moon"),
        group(6, uid(1), imd="11"),
        group(7, uid(1), ethnicity="<script>"),
        group(8, uid(1), setting=""),
        group(9, "x", setting="gp"),
    ]
    taken = ward.tell(lines, groups=True)
    assert dict(taken.lines) == {
        1: Verdict.ACCEPTED,
        2: Verdict.CONFLICTING,
        3: Verdict.CONFLICTING,
        4: Verdict.UNKNOWN_STUDY,
        5: Verdict.BAD_VALUE,
        6: Verdict.BAD_VALUE,
        7: Verdict.BAD_VALUE,
        8: Verdict.BLANK,
        9: Verdict.BAD_UID,
    }
    assert sum(taken.batch.verdicts.values()) == len(lines)
    again = ward.tell([group(1, uid(1), setting="gp", imd="unknown")], groups=True)
    assert again.batch.verdicts == {"accepted": 1}


@pytest.mark.parametrize("axis", AXES)
def test_unknown_is_a_level_of_every_axis(ward: Ward, place: Place, axis: str) -> None:
    ward.record(studied([run_facts(place, 1)], 1))
    assert held(ward, axis) == {"unknown": 1}
