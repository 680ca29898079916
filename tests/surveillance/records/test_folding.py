"""What is true of the counts whatever the records: hypothesis looks for the ones that break it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.decisions.models import Decision
from inference.runs.models import Outcome, RunMode
from surveillance.axes import levels
from surveillance.measures.histogram import Edges, quantile_edges
from surveillance.records.bulk import fold, of_records
from surveillance.records.folding import COUNTERS, Change, Frozen, changes, merged, truth_changes
from surveillance.records.models import WHOLE_RUN

DAY = date(2026, 9, 1)
EDGES = Edges((0.0, 0.1, 0.5, 0.9, 1.0))
CONSTANT = Edges((0.5, 0.500001))
DAYS = st.integers(0, 3).map(lambda n: DAY + timedelta(days=n))
SCORES = st.one_of(
    st.none(),
    st.sampled_from([*EDGES.cuts, math.nan, math.inf, -math.inf, -1.0, 2.0, 1e300, 0.5]),
    st.floats(0, 1),
)


@dataclass(frozen=True)
class Record:
    version_id: str
    site_id: str
    mode: RunMode
    finding_key: str
    day: date
    exam_day: date | None
    outcome: Outcome
    score: float | None
    flagged: bool | None
    attributes: dict[str, str]
    decision: Decision | None
    truth: bool | None
    decision_known_day: date | None
    truth_known_day: date | None
    label_day: date | None
    superseded: bool
    features: dict[str, float | None] | None = field(default=None)


GROUPS = st.builds(
    lambda sex, age, view: levels({"patient_sex": sex, "patient_age": age, "view": view}),
    st.sampled_from(["F", "M", None]),
    st.sampled_from([5, 70, None]),
    st.sampled_from(["PA", None]),
)
RECORDS = st.builds(
    Record,
    version_id=st.sampled_from(["ver_a", "ver_b"]),
    site_id=st.sampled_from(["site_a", "site_b"]),
    mode=st.sampled_from(RunMode),
    finding_key=st.sampled_from([WHOLE_RUN, "effusion", "nodule"]),
    day=DAYS,
    exam_day=st.one_of(st.none(), DAYS),
    outcome=st.sampled_from(Outcome),
    score=SCORES,
    flagged=st.sampled_from([None, True, False]),
    # An old record counts on fewer axes.
    attributes=st.one_of(GROUPS, st.just({"sex": "F"})),
    decision=st.one_of(st.none(), st.sampled_from(Decision)),
    truth=st.sampled_from([None, True, False]),
    decision_known_day=st.one_of(st.none(), DAYS),
    truth_known_day=st.one_of(st.none(), DAYS),
    label_day=st.one_of(st.none(), DAYS),
    superseded=st.booleans(),
    features=st.one_of(st.none(), st.dictionaries(st.sampled_from(["kvp", "mean"]), SCORES)),
)
MANY = st.lists(RECORDS, max_size=12)
SOME = settings(max_examples=40, deadline=None)


def frozen(version_id: str, site_id: str, subject: str, day: date) -> Frozen | None:
    """Edges that differ by day and site, and none for one of the findings."""
    if subject in {"nodule", "feature:mean"}:
        return None
    if site_id == "site_b" and day > DAY:
        return Frozen("ref_b", CONSTANT)
    return Frozen("ref_a", EDGES)


Plain = dict[str, tuple[object, ...]]


def plain(many: Sequence[Change]) -> Plain:
    """Return what a table of counts would hold, without the rows of zeros."""
    return {
        key: (
            one.cell,
            one.reference_id,
            tuple(one.counters.tolist()),
            tuple(tuple(each.tolist()) for each in one.histograms),
        )
        for key, one in merged(many).items()
        if one.counters.any() or any(each.any() for each in one.histograms)
    }


def one_by_one(records: Sequence[Record], sign: int = 1) -> list[Change]:
    return [
        change
        for record in records
        for change in (*changes(record, frozen, sign), *truth_changes(record, frozen, sign))
    ]


def together(records: Sequence[Record]) -> list[Change]:
    return [
        change
        for folded in fold(of_records(records), frozen)
        for change in (*folded.predictions, *folded.labelled)
    ]


@SOME
@given(MANY)
def test_a_table_folds_to_the_same_as_its_records_one_by_one(records: list[Record]) -> None:
    assert plain(together(records)) == plain(one_by_one(records))


@SOME
@given(MANY, st.integers(0, 12))
def test_it_does_not_matter_how_a_table_is_cut(records: list[Record], cut: int) -> None:
    pieces = [*together(records[:cut]), *together(records[cut:])]
    assert plain(pieces) == plain(together(records))


@SOME
@given(MANY, st.randoms())
def test_the_order_of_changes_does_not_matter(records: list[Record], random: object) -> None:
    made = one_by_one(records)
    expected = plain(made)
    random.shuffle(made)  # type: ignore[attr-defined]
    assert plain(made) == expected


@SOME
@given(MANY, MANY)
def test_what_is_taken_back_leaves_no_trace(kept: list[Record], taken: list[Record]) -> None:
    made = [*one_by_one(taken), *one_by_one(kept), *one_by_one(taken, sign=-1)]
    assert plain(made) == plain(one_by_one(kept))


@SOME
@given(MANY, RECORDS, st.sampled_from([None, True, False]), DAYS)
def test_a_corrected_label_counts_as_if_it_had_been_so_from_the_start(
    records: list[Record], record: Record, truth: bool | None, day: date
) -> None:
    corrected = replace(record, truth=truth, truth_known_day=day)
    made = [*one_by_one([*records, record]), *one_by_one([record], -1), *one_by_one([corrected])]
    assert plain(made) == plain(one_by_one([*records, corrected]))


@SOME
@given(MANY)
def test_counts_in_are_counts_out(records: list[Record]) -> None:
    """Each record that counts is in one slot of one level of each axis that it names."""
    for record in records:
        made = changes(record, frozen)
        of_finding = [one for one in made if not one.cell.finding_key.startswith("feature:")]
        cases = [one for one in of_finding if one.counters[0]]
        levels = 0 if record.superseded else 1 + len(record.attributes)
        assert len(cases) == levels
        for one in (*cases, *(one for one in made if one not in of_finding)):
            assert one.counters[0] == 1
            assert all(each.sum() in {0, 1} for each in one.histograms)
            assert (one.reference_id is None) == (not len(one.histograms[0]))
        heard = COUNTERS.index("heard")
        decided = levels if record.decision is not None else 0
        assert sum(int(one.counters[heard]) for one in of_finding) == decided


@SOME
@given(SCORES)
def test_a_score_has_one_slot_whichever_way_it_is_counted(score: float | None) -> None:
    for edges in (EDGES, CONSTANT):
        record = replace(_ONE, score=score)
        (folded,) = fold(of_records([record]), lambda *_: Frozen("ref", edges))  # noqa: B023
        slots = folded.predictions[0].histograms[0]
        assert int(np.flatnonzero(slots)[0]) == edges.slot(score)
        assert slots.sum() == 1


def test_constant_scores_are_refused_as_edges() -> None:
    for scores in ([0.5] * 300, [], [0.5, math.nan], [math.inf, 0.1]):
        with pytest.raises(ValueError, match=r"score|edges"):
            quantile_edges(scores)


_ONE = Record(
    version_id="ver",
    site_id="site",
    mode=RunMode.LIVE,
    finding_key="effusion",
    day=DAY,
    exam_day=DAY,
    outcome=Outcome.SUCCEEDED,
    score=0.5,
    flagged=True,
    attributes={},
    decision=None,
    truth=None,
    decision_known_day=None,
    truth_known_day=None,
    label_day=None,
    superseded=False,
)
