import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from surveillance.measures.gaps import Estimate, Scale, intervals, p_values, student
from surveillance.measures.intervals import Interval, newcombe


def of_share(events: int, n: int) -> Estimate:
    return Estimate.of_share(events / n, n)


@pytest.mark.parametrize(
    ("one", "other"), [((56, 70), (48, 80)), ((9, 10), (3, 10)), ((0, 10), (5, 10))]
)
def test_of_two_shares_it_is_newcombes_interval(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    [found] = intervals([of_share(*one)], [of_share(*other)])
    expected = newcombe(*one, *other)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_newcombes_own_example() -> None:
    # Newcombe 1998, table II, (a): 56/70 less 48/80, method 10.
    [found] = intervals([of_share(56, 70)], [of_share(48, 80)])
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (of_share(30, 100), of_share(50, 100)),
        (of_share(0, 20), of_share(50, 100)),
        (Estimate.of_area(Interval(0.9, 0.85, 0.94)), Estimate.of_area(Interval(0.8, 0.74, 0.85))),
        (Estimate.of_mean(0.1, 0.04), Estimate.of_mean(0.0, 0.0)),
    ],
)
def test_the_interval_at_the_level_of_p_just_reaches_none(one: Estimate, other: Estimate) -> None:
    p = float(p_values([one], [other])[0])
    assert 0 < p < 0.05
    low, high = 0.0, 12.0
    for _ in range(60):
        z = (low + high) / 2
        [found] = intervals([one], [other], z)
        low, high = (z, high) if not found.low <= 0 <= found.high else (low, z)
    assert math.erfc(low / math.sqrt(2)) == pytest.approx(p, rel=1e-6)


def test_p_is_that_of_a_normal_where_both_are_means() -> None:
    [p] = p_values([Estimate.of_mean(1.96, 0.6)], [Estimate.of_mean(0.0, 0.8)])
    assert p == pytest.approx(0.05, abs=1e-4)


def test_without_a_gap_p_is_one() -> None:
    assert p_values([of_share(5, 10)], [of_share(50, 100)])[0] == pytest.approx(1.0)


def test_a_perfect_area_has_an_interval() -> None:
    perfect = Estimate.of_area(Interval(1.0, 0.9, 1.0))
    assert perfect.interval.low == pytest.approx(0.9, abs=1e-9)
    assert perfect.interval.high == 1.0
    assert np.isfinite(p_values([perfect], [Estimate.of_area(Interval(0.7, 0.6, 0.8))])).all()


def test_an_area_keeps_the_interval_it_was_given() -> None:
    given = Interval(0.8, 0.74, 0.85)
    assert Estimate.of_area(given).interval.low == pytest.approx(given.low)


def test_of_nothing_there_is_nothing() -> None:
    assert intervals([], []) == []
    assert len(p_values([], [])) == 0


def test_a_claim_known_exactly_leaves_the_others_interval() -> None:
    [found] = intervals([of_share(8, 10)], [Estimate.of_mean(0.9, 0.0)])
    own = of_share(8, 10).interval
    assert (found.low, found.high) == pytest.approx((own.low - 0.9, own.high - 0.9))
    assert Estimate.of_mean(0.9, 0.0).scale is Scale.MEAN


@pytest.mark.parametrize(("freedom", "near"), [(4, 0.13), (10, 0.01), (39, 0.005)])
def test_few_degrees_of_freedom_take_students_quantile(freedom: float, near: float) -> None:
    for z in (1.96, 3.3, 4.5):
        expected = stats.t.isf(stats.norm.sf(z), freedom)
        assert student(np.array(z), np.array(freedom)) == pytest.approx(expected, rel=near)
    assert student(np.array(1.96), np.array(math.inf)) == 1.96


def test_an_error_known_from_few_patients_makes_the_gap_less_certain() -> None:
    sure, unsure = Estimate.of_mean(0.1, 0.04), replace(Estimate.of_mean(0.1, 0.04), freedom=9)
    none = Estimate.of_mean(0.0, 0.0)
    [narrow], [wide] = intervals([sure], [none]), intervals([unsure], [none])
    assert wide.high - wide.low == pytest.approx(1.155 * (narrow.high - narrow.low), rel=0.01)
    assert p_values([unsure], [none])[0] == pytest.approx(2 * stats.t.sf(2.5, 9), rel=0.02)
    # Where the other side's error is the larger one, its freedom is that of the gap.
    other = Estimate.of_mean(0.0, 0.4)
    [mixed], [known] = intervals([unsure], [other]), intervals([sure], [other])
    assert mixed.high == pytest.approx(known.high, rel=0.01)
