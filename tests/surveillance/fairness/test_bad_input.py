"""Odd populations give a verdict that has a name, never a crash."""

import math
from typing import Any

import numpy as np
import pytest

from surveillance.axes import AXES
from surveillance.fairness import mix
from surveillance.fairness.contrasts import judge
from surveillance.fairness.kinds import Measure, Verdict
from surveillance.fairness.patients import Columns, columns, contrasts
from surveillance.fairness.repeats import design
from surveillance.measures.gaps import Estimate


class Row:
    """A row of the records, as the database gives it."""

    def __init__(self, number: int, **told: Any) -> None:
        self.site_id = "here"
        self.patient_pseudonym = f"{number:08x}"
        self.finding_key = "effusion"
        self.outcome = "SUCCEEDED"
        self.score: float | None = 0.2 + 0.6 * (number % 7) / 7
        self.flagged: bool | None = number % 7 > 3
        self.truth: bool | None = number % 3 == 0
        self.attributes = f'{{"view": "{"AP" if number % 2 else "PA"}"}}'
        vars(self).update(told)


def table(rows: list[Row]) -> Columns:
    [of] = columns(rows)
    return of


def judged(rows: list[Row]) -> set[Verdict]:
    of = table(rows)
    found = judge(contrasts(of))
    for gap in found:
        if gap.interval is not None:
            assert math.isfinite(gap.interval.estimate)
            mix.of_gap(of, gap)
    return {gap.verdict for gap in found}


def many(n: int = 300, **told: Any) -> list[Row]:
    return [Row(number, **told) for number in range(n)]


@pytest.mark.parametrize(
    "told",
    [
        {"score": 0.5},  # one score for all
        {"score": math.nan},
        {"score": math.inf},
        {"score": None, "flagged": None},
        {"score": 7.0},  # no probability
        {"flagged": True},
        {"flagged": False},
        {"truth": True},
        {"truth": False},
        {"truth": None},
        {"patient_pseudonym": "one"},  # all images of one patient
        {"attributes": "{}"},
        {"outcome": "FAILED", "finding_key": "-"},
    ],
)
def test_constant_columns(told: dict[str, Any]) -> None:
    assert judged(many(**told)) <= {*Verdict}
    design([table(many(**told))], is_all=False)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_groups_of_a_row(n: int) -> None:
    assert judged(many(n)) <= {Verdict.INSUFFICIENT}


def test_one_row_of_another_level_is_insufficient() -> None:
    rows = [Row(number, attributes='{"view": "PA"}') for number in range(300)]
    assert judged([*rows, Row(301, attributes='{"view": "LL"}')]) == {Verdict.INSUFFICIENT}


def test_scores_that_rank_perfectly_are_judged() -> None:
    rows = [
        Row(number, score=0.9 if number % 3 == 0 else 0.1, flagged=number % 3 == 0)
        for number in range(600)
    ]
    [area] = [gap for gap in judge(contrasts(table(rows))) if gap.contrast.measure is Measure.AREA]
    assert area.verdict in {Verdict.NO_GAP, Verdict.INSUFFICIENT}
    assert area.interval is not None
    assert area.interval.estimate == 0


def test_missing_scores_are_not_among_the_judged_and_are_counted() -> None:
    rows = [*many(200), *[Row(n, score=None, flagged=None) for n in range(200, 260)]]
    of = table(rows)
    assert (len(of), int(of.judged.sum())) == (260, 200)


def test_a_level_unknown_is_a_level() -> None:
    rows = [Row(n, attributes='{"view": "PA"}' if n % 2 else "{}") for n in range(300)]
    assert {c.level for c in contrasts(table(rows)) if c.axis == "view"} <= {"PA", "unknown"}
    assert set(table(rows).axes) >= set(AXES)


def test_patients_who_come_again_have_a_design_effect() -> None:
    random = np.random.default_rng(6)
    tendency = random.random(40)
    rows = [
        Row(
            n, patient_pseudonym=f"{n // 15:08x}", flagged=bool(random.random() < tendency[n // 15])
        )
        for n in range(600)
    ]
    found = design([table(rows)], is_all=True).pooled
    assert found[Measure.FLAG_RATE] > 2
    assert found[Measure.SENSITIVITY] > 1
    alone = design([table(many(600))], is_all=True).pooled
    assert alone[Measure.FLAG_RATE] == pytest.approx(1, abs=0.05)
    assert Estimate.of_share(0.5, 10).spread == 0.1
