import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from surveillance.fairness import pairing, patients, repeats
from surveillance.fairness.cells import NUMBERS, Cell, Worth
from surveillance.fairness.contrasts import Contrast, judge
from surveillance.fairness.counting import Group
from surveillance.fairness.design import Which
from surveillance.fairness.kinds import Measure, Verdict
from surveillance.fairness.patients import Axis, Columns

SHARES = (Measure.SENSITIVITY, Measure.FALSE_ALARM_RATE)


def world(random: np.random.Generator, again: int = 40, times: int = 15) -> Columns:
    """AP: some patients of many images; PA: many of one. The model serves both alike."""
    of = np.concatenate([np.repeat(np.arange(again), times), np.arange(again, again + 2000)])
    many = again + 2000
    ill, hit = random.random(many) < 0.5, random.beta(0.75, 0.25, many)
    truths = ill[of]
    flags = random.random(len(of)) < np.where(truths, hit[of], 1 - hit[of])
    scores = np.clip(0.5 * flags + 0.5 * random.random(len(of)), 0, 1)
    no = np.zeros(len(of), dtype=np.bool_)
    view = Axis(("AP", "PA"), (of >= again).astype(np.int64))
    return Columns(
        "x", of, scores, truths.astype(np.int64), flags.astype(np.int64), no, no, {"view": view}
    )


def counted(of: Columns) -> dict[Group, Cell]:
    found = {}
    for place, level in enumerate(of.axes["view"].names):
        held = of.axes["view"].codes == place
        truths, flags = of.truths[held] == 1, of.flagged[held] == 1
        sums = {
            "n": held, "flagged": flags, "tp": truths & flags, "fn": truths & ~flags,
            "fp": ~truths & flags, "tn": ~truths & ~flags,
        }  # fmt: skip
        numbers = [float(sums[name].sum()) if name in sums else 0.0 for name in NUMBERS]
        found[Group("x", "view", level)] = Cell(np.array(numbers))
    return found


def by_counts(of: Columns) -> list[Contrast]:
    return pairing.contrasts(counted(of), repeats.design([of], is_all=True))


@pytest.mark.parametrize("method", [by_counts, patients.contrasts])
def test_a_group_whose_patients_come_again_more_often_has_no_gap_by_chance(
    method: Callable[[Columns], list[Contrast]],
) -> None:
    random = np.random.default_rng(4)
    seen: Counter[str] = Counter()
    rounds = 60
    for _ in range(rounds):
        for gap in judge(method(world(random))):
            if gap.contrast.measure in SHARES:
                seen["gaps"] += gap.verdict is Verdict.GAP
                seen["by itself"] += gap.p is not None and gap.p < 0.05
    assert seen["gaps"] <= 0.04 * 2 * rounds
    assert seen["by itself"] <= 0.1 * 2 * rounds


def test_a_group_is_as_uncertain_as_its_own_patients_make_it() -> None:
    of = world(np.random.default_rng(5))
    found = repeats.design([of], is_all=True)
    again = found.of(Group("x", "view", "AP"), SHARES)[Measure.SENSITIVITY]
    rest = found.of(Group("x", "view", "AP"), SHARES, is_rest=True)[Measure.SENSITIVITY]
    assert again.effect > 3
    assert 8 < again.freedom < 30
    # Nobody comes again among the others, but no group is taken to be surer than all together.
    assert 1 < rest.effect < again.effect
    assert rest.freedom == math.inf
    assert rest == found.of(Group("x", "view", "PA"), SHARES)[Measure.SENSITIVITY]


@pytest.mark.parametrize("measure", [Measure.SENSITIVITY, Measure.AREA, Measure.CALIBRATION])
def test_it_is_what_leaving_out_each_patient_tells(measure: Measure) -> None:
    of = world(np.random.default_rng(6))
    [exact] = [each.one for each in patients.contrasts(of) if each.measure is measure]
    worth = repeats.design([of], is_all=True).groups
    own = worth[Which(Group("x", "view", "AP"), False, measure)]
    assert exact.estimate is not None
    near = 0.35 if measure is Measure.AREA else 0.05
    assert exact.estimate.freedom == pytest.approx(own.freedom, rel=near)


def test_a_sample_in_which_a_group_is_missing_tells_little_of_it() -> None:
    of = world(np.random.default_rng(7))
    found = repeats.design([of], is_all=False)
    unseen = found.of(Group("x", "view", "LL"), SHARES)[Measure.SENSITIVITY]
    assert unseen.freedom == 1
    assert unseen.effect >= max(worth.effect for worth in found.of(of_ap(), SHARES).values())
    # Of a sample nobody knows that those who came once do not come again.
    assert math.isfinite(found.of(Group("x", "view", "PA"), SHARES)[Measure.SENSITIVITY].freedom)


def of_ap() -> Group:
    return Group("x", "view", "AP")


def test_where_nobody_comes_again_cases_are_independent() -> None:
    of = world(np.random.default_rng(8), again=600, times=1)
    worth = repeats.design([of], is_all=False).of(of_ap(), [Measure.SENSITIVITY])
    assert worth[Measure.SENSITIVITY].effect == pytest.approx(1, abs=0.02)
    assert worth[Measure.SENSITIVITY].freedom == math.inf


def test_of_no_records_nothing_is_known() -> None:
    assert repeats.design([], is_all=True).of(of_ap(), SHARES) == dict.fromkeys(SHARES, Worth())
