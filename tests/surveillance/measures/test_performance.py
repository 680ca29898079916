"""Rates and areas against formulas written another way, and against simulation."""

import itertools
import math
from random import Random
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from surveillance.measures.calibration import calibration, expected_error
from surveillance.measures.discrimination import area
from surveillance.measures.intervals import Interval, newcombe, wilson
from surveillance.measures.performance import difference, effective, rates, share
from surveillance.measures.sample_size import (
    area_needed,
    cases_needed,
    fewest_successes,
    more_needed,
    power,
)

Z = 1.959963984540054


def bools(values: Any) -> Any:
    return np.array(list(values), dtype=np.bool_)


def alone(n: int) -> Any:
    return np.arange(n, dtype=np.int64)


def wilson_by_roots(events: int, n: int) -> tuple[float, float]:
    """The score interval as the roots of (p - x)^2 = z^2 x (1 - x) / n."""
    p = events / n
    a, b, c = 1 + Z**2 / n, -(2 * p + Z**2 / n), p * p
    low, high = sorted(np.roots([a, b, c]).real)
    return float(low), float(high)


def delong_by_pairs(positive: list[float], negative: list[float]) -> tuple[float, float]:
    """Area and variance, pair by pair (DeLong 1988, equations 3 to 6)."""

    def psi(x: float, y: float) -> float:
        return 1.0 if y < x else 0.5 if y == x else 0.0

    m, n = len(positive), len(negative)
    theta = sum(psi(x, y) for x in positive for y in negative) / (m * n)
    v10 = [sum(psi(x, y) for y in negative) / n for x in positive]
    v01 = [sum(psi(x, y) for x in positive) / m for y in negative]
    s10 = sum((v - theta) ** 2 for v in v10) / (m - 1)
    s01 = sum((v - theta) ** 2 for v in v01) / (n - 1)
    return theta, s10 / m + s01 / n


def drawn(seed: int, m: int = 40, n: int = 60, digits: int = 2) -> tuple[list[float], list[float]]:
    random = Random(seed)
    return (
        [round(random.gauss(1, 1), digits) for _ in range(m)],
        [round(random.gauss(0, 1), digits) for _ in range(n)],
    )


@pytest.mark.parametrize(("events", "n"), [(0, 7), (7, 7), (3, 7), (45, 50), (1, 2000)])
def test_a_share_of_different_patients_has_wilsons_interval(events: int, n: int) -> None:
    found = share(bools([True] * events + [False] * (n - events)), alone(n))

    assert (found.events, found.n) == (events, n)
    assert found.interval == wilson(events, n)
    low, high = wilson_by_roots(events, n)
    assert found.interval.low == pytest.approx(low, abs=1e-9)
    assert found.interval.high == pytest.approx(high, abs=1e-9)


def test_the_four_rates_are_those_of_the_table() -> None:
    labels = bools([1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
    flags = bools([1, 1, 1, 0, 1, 0, 0, 0, 0, 0])
    found = rates(labels, flags, alone(10))

    told = [(r.events, r.n) for r in (found.sensitivity, found.specificity, found.ppv, found.npv)]
    assert told == [(3, 4), (5, 6), (3, 4), (5, 6)]


def test_without_a_case_there_is_no_interval() -> None:
    found = rates(bools([0, 0]), bools([0, 0]), alone(2))

    assert (found.sensitivity.interval, found.ppv.interval) == (None, None)
    assert found.specificity.interval is not None


def test_copies_of_a_patient_tell_nothing_new() -> None:
    once = bools([1, 1, 0, 1, 0, 1, 1, 1])
    thrice, patients = np.repeat(once, 3), np.repeat(alone(8), 3)

    assert effective(thrice, patients) == pytest.approx(8 * 7 / 8, rel=0.2)
    assert effective(thrice, patients) < 9
    assert effective(bools([1] * 6), np.array([0, 0, 1, 1, 2, 2])) == 3
    assert effective(bools([1, 0]), np.array([0, 0])) == 1


def test_the_interval_of_repeating_patients_covers_as_it_says() -> None:
    random = Random(4)
    covered, rounds, truth = 0, 600, 0.75
    for _ in range(rounds):
        happened, patients = [], []
        for patient in range(60):
            own = random.betavariate(1.5, 0.5)
            for _ in range(random.choice([1, 2, 6])):
                happened.append(random.random() < own)
                patients.append(patient)
        found = share(bools(happened), np.array(patients)).interval
        assert found is not None
        covered += found.low <= truth <= found.high
    assert covered / rounds > 0.925


@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_delongs_pair_by_pair(seed: int) -> None:
    positive, negative = drawn(seed)
    found = area(bools([1] * 40 + [0] * 60), np.array(positive + negative), alone(100))
    theta, variance = delong_by_pairs(positive, negative)

    assert found is not None
    assert found.estimate == pytest.approx(theta, abs=1e-12)
    half = Z * math.sqrt(variance) / (theta * (1 - theta))
    logit = math.log(theta / (1 - theta))
    assert found.low == pytest.approx(1 / (1 + math.exp(half - logit)), rel=0.01)
    assert found.high == pytest.approx(1 / (1 + math.exp(-half - logit)), rel=0.01)
    u = stats.mannwhitneyu(positive, negative).statistic
    assert found.estimate == pytest.approx(u / 2400, abs=1e-12)


def test_the_order_of_cases_does_not_matter() -> None:
    positive, negative = drawn(7)
    scores, labels = np.array(positive + negative), bools([1] * 40 + [0] * 60)
    order = np.random.default_rng(1).permutation(100)

    assert area(labels, scores, alone(100)) == area(labels[order], scores[order], alone(100))


def test_a_perfect_ranking_is_not_certain() -> None:
    found = area(bools([0] * 10 + [1] * 10), np.arange(20.0), alone(20))

    assert found is not None
    assert (found.estimate, found.high) == (1.0, 1.0)
    assert 0.75 < found.low < 0.95
    mirrored = area(bools([1] * 10 + [0] * 10), np.arange(20.0), alone(20))
    assert mirrored is not None
    assert (mirrored.estimate, mirrored.low) == (0.0, 0.0)
    assert mirrored.high == pytest.approx(1 - found.low)


def test_one_case_of_a_kind_gives_no_area() -> None:
    assert area(bools([1, 0, 0]), np.array([0.9, 0.1, 0.2]), alone(3)) is None


def test_scores_that_are_all_alike_rank_by_chance() -> None:
    found = area(bools([1] * 30 + [0] * 30), np.ones(60), alone(60))

    assert found is not None
    assert found.estimate == 0.5
    assert found.low < 0.4
    assert found.high > 0.6


def test_the_area_of_repeating_patients_is_as_wide_as_a_bootstrap_of_patients() -> None:
    generator = np.random.default_rng(3)
    own = generator.normal(size=80)
    patients = np.repeat(alone(80), 4)
    labels = generator.random(320) < 0.4
    scores = labels + own[patients] + 0.3 * generator.normal(size=320)
    found = area(labels, scores, patients)
    as_if_alone = area(labels, scores, alone(320))
    drawn_areas = []
    for _ in range(800):
        chosen = generator.integers(0, 80, 80)
        rows = np.concatenate([np.flatnonzero(patients == patient) for patient in chosen])
        one = area(labels[rows], scores[rows], alone(len(rows)))
        assert one is not None
        drawn_areas.append(one.estimate)

    assert found is not None
    assert as_if_alone is not None
    low, high = np.percentile(drawn_areas, [2.5, 97.5])
    assert found.high - found.low == pytest.approx(high - low, rel=0.15)
    assert found.estimate == as_if_alone.estimate


def test_a_difference_of_two_wilson_intervals_is_newcombes() -> None:
    for pair in itertools.product([(45, 50), (3, 9), (0, 5)], repeat=2):
        (events, n), (other, of) = pair
        assert difference(wilson(events, n), wilson(other, of)) == newcombe(events, n, other, of)


def test_a_difference_from_an_exact_figure_shifts_the_interval() -> None:
    found = difference(Interval(0.8, 0.7, 0.9), Interval(0.85, 0.85, 0.85))

    assert found.low == pytest.approx(-0.15)
    assert found.high == pytest.approx(0.05)


def test_scores_that_are_probabilities_have_slope_one() -> None:
    generator = np.random.default_rng(0)
    scores = generator.uniform(0.02, 0.98, 20_000)
    labels = generator.random(20_000) < scores
    found = calibration(labels, scores)

    assert found is not None
    assert found.slope == pytest.approx(1, abs=0.05)
    assert found.intercept == pytest.approx(0, abs=0.06)
    assert found.expected_error < 0.02


def test_overconfident_scores_have_a_slope_below_one() -> None:
    generator = np.random.default_rng(0)
    truth = generator.uniform(0.05, 0.95, 20_000)
    labels = generator.random(20_000) < truth
    claimed = 1 / (1 + (1 / truth - 1) ** 2)
    found = calibration(labels, claimed)

    assert found is not None
    assert found.slope == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("centre", "width"), [(0.5, 0.2), (0.995, 0.004), (0.03, 0.02)])
def test_the_line_is_the_one_of_the_highest_likelihood(centre: float, width: float) -> None:
    generator = np.random.default_rng(2)
    scores = np.clip(generator.normal(centre, width, 300), 1e-5, 1 - 1e-5)
    odds = np.log(scores / (1 - scores))
    middle = (odds - odds.mean()) / odds.std()
    labels = generator.random(300) < 1 / (1 + np.exp(-middle))
    found = calibration(labels, scores)

    def loss(beta: Any) -> float:
        line = beta[0] * odds + beta[1]
        return float(np.logaddexp(0, np.where(labels, -line, line)).sum())

    assert found is not None
    assert found.slope is not None
    assert found.intercept is not None
    best = optimize.minimize(loss, [found.slope, found.intercept], method="Nelder-Mead")
    assert loss([found.slope, found.intercept]) <= best.fun + 1e-6
    assert found.slope > 0


@pytest.mark.parametrize(
    ("labels", "scores"),
    [([1, 0], [0.9, 0.1]), ([1, 1], [0.9, 0.1]), ([1, 0], [0.5, 0.5]), ([0, 1, 1], [0, 0, 1])],
)
def test_what_has_no_finite_fit_has_no_slope(labels: list[int], scores: list[float]) -> None:
    found = calibration(bools(labels), np.array(scores, dtype=np.float64))

    assert found is not None
    assert (found.slope, found.intercept) == (None, None)


def test_a_measurement_is_no_probability() -> None:
    assert calibration(bools([1, 0]), np.array([12.0, 3.0])) is None
    assert calibration(bools([]), np.array([])) is None


def test_the_expected_error_is_the_mean_gap_of_the_bins() -> None:
    scores = np.array([0.1] * 10 + [0.9] * 10)
    labels = bools([0] * 8 + [1] * 2 + [1] * 10)

    assert expected_error(labels, scores, bins=2) == pytest.approx((0.1 + 0.1) / 2)


@pytest.mark.parametrize(("n", "bar", "expected"), [(50, 0.8, 0.9), (120, 0.8, 0.9), (20, 0.5, 1)])
def test_power_is_the_binomial_chance_of_clearing_the_bar(
    n: int, bar: float, expected: float
) -> None:
    brute = sum(
        float(stats.binom.pmf(k, n, expected)) for k in range(n + 1) if wilson(k, n).low >= bar
    )

    assert power(n, expected, bar) == pytest.approx(brute, abs=1e-9)
    needed = fewest_successes(n, bar)
    assert needed is not None
    assert wilson(needed, n).low >= bar > wilson(needed - 1, n).low


def test_the_number_needed_gives_the_power_asked_for() -> None:
    n = cases_needed(0.9, 0.8)

    assert n is not None
    assert power(n, 0.9, 0.8) >= 0.8
    assert power(round(n * 0.8), 0.9, 0.8) < 0.8
    assert cases_needed(0.8, 0.8) is None
    assert power(5, 0.99, 0.9) == 0.0


def test_an_area_needs_more_cases_the_closer_the_bar_is() -> None:
    near, far = area_needed(0.9, 0.85), area_needed(0.9, 0.7)

    assert near is not None
    assert far is not None
    assert near > 5 * far
    assert area_needed(0.8, 0.8) is None


def test_what_is_missing_until_the_lower_bound_reaches_the_bar() -> None:
    more = more_needed(0.9, 40, 0.85)

    assert more is not None
    assert wilson(round(0.9 * (40 + more)), 40 + more).low == pytest.approx(0.85, abs=0.005)
    assert more_needed(0.85, 40, 0.85) is None
