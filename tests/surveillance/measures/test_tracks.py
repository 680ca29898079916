"""Tracks: the whole way of a stream, and what RADSURV-1's gates ask of it in small."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, mannwhitneyu, norm

from surveillance.measures import batch_area, categories, rates, tracks
from surveillance.measures.histogram import Counts, Edges, quantile_edges

RNG = np.random.default_rng(8)
REFERENCE = RNG.normal(0, 1, 5000)
EDGES: Edges = quantile_edges(REFERENCE.tolist())
COUNTS = EDGES.count(REFERENCE.tolist())
SINGLE = np.log(7300)


def _scores(rng: np.random.Generator, days: int, cases: int, shift: float = 0.0) -> Counts:
    return np.stack(
        [EDGES.count(rng.normal(shift, 1, rng.poisson(cases)).tolist()) for _ in range(days)]
    )


def test_half_a_standard_deviation_is_escalated_within_a_week_and_dated() -> None:
    rng = np.random.default_rng(2)
    counts = np.concatenate([_scores(rng, 100, 80), _scores(rng, 10, 80, 0.5)])
    track = tracks.of_scores(counts, COUNTS)
    assert (track.levels[:100] < SINGLE).all()
    assert track.levels[105] > SINGLE
    assert track.is_beyond[-1]
    assert 99 <= track.since[-1] <= 101
    assert track.estimate[-1] == pytest.approx(0.5 + 0.138, abs=0.03)


def test_days_that_differ_by_themselves_are_not_escalated() -> None:
    rng = np.random.default_rng(3)
    escalated = 0
    for _ in range(20):
        effects = rng.normal(0, 0.1, 200) - 0.15 * (np.arange(200) % 7 > 4)
        counts = np.stack([_scores(rng, 1, 60, shift)[0] for shift in effects])
        track = tracks.of_scores(counts, COUNTS)
        escalated += bool(((track.levels > SINGLE) & track.is_beyond).any())
    assert escalated <= 1


def test_a_site_with_one_case_a_day_is_still_watched() -> None:
    rng = np.random.default_rng(4)
    counts = np.concatenate(
        [
            np.eye(EDGES.slots, dtype=np.int64)[EDGES.slot(float(value))][None]
            for value in rng.normal(1.0, 1, 200)
        ]
    )
    assert tracks.of_scores(counts, COUNTS).levels[-1] > SINGLE


def test_overrides_that_double_are_escalated_in_less_than_a_fortnight_on_the_median() -> None:
    rng = np.random.default_rng(5)
    days = []
    for _ in range(40):
        events = rng.binomial(80, np.repeat([0.04, 0.08], [100, 60])).astype(float)
        track = tracks.of_rate(events, np.full(160, 80.0), (200, 5000), 1.25, falls=False)
        assert (track.levels[:100] < SINGLE).all()
        hit = (track.levels > SINGLE) & track.is_beyond
        days.append(int(np.argmax(hit)) - 99)
    assert np.median(days) <= 13


def test_a_rate_that_differs_between_days_by_itself_is_not_escalated() -> None:
    rng = np.random.default_rng(6)
    escalated = 0
    for _ in range(30):
        rate = np.clip(rng.normal(0.23, 0.03, 250), 0.01, 0.99)
        events = rng.binomial(60, rate).astype(float)
        track = tracks.of_rate(events, np.full(250, 60.0), (1150, 5000), 1.05)
        escalated += bool(((track.levels > SINGLE) & track.is_beyond).any())
    assert escalated <= 1


def test_the_ratio_of_uneven_days_is_that_of_beta_binomials() -> None:
    between, null = 0.02**2, 0.2
    found = rates.log_e_of_rise([15.0], [60.0], null, [between])[0]
    spread = null * (1 - null) / between - 1
    for log_e, factor in zip(found, rates.FACTORS, strict=True):
        rate = min(factor * null, (1 + null) / 2)
        expected = betabinom.logpmf(15, 60, rate * spread, (1 - rate) * spread)
        expected -= betabinom.logpmf(15, 60, null * spread, (1 - null) * spread)
        assert log_e == pytest.approx(float(expected))


def test_even_days_are_the_limit_of_uneven_ones() -> None:
    even = rates.log_e_of_rise([9.0], [60.0], 0.1)
    assert rates.log_e_of_rise([9.0], [60.0], 0.1, [1e-9]) == pytest.approx(even, abs=1e-3)


@given(st.floats(0.01, 0.6), st.floats(0, 1), st.floats(0.001, 0.05), st.integers(1, 25))
def test_an_uneven_ratio_has_expectation_at_most_one_for_every_tolerated_rate(
    tolerated: float, share: float, spread_sd: float, n: int
) -> None:
    between = min(spread_sd**2, tolerated * (1 - tolerated) / 3)
    x = np.arange(n + 1)
    spread = tolerated * (1 - tolerated) / between - 1
    true = max(tolerated * share, 1e-6)
    weight = betabinom.pmf(x, n, true * spread, (1 - true) * spread)
    log_e = rates.log_e_of_rise(x, np.full(n + 1, n), tolerated, np.full(n + 1, between))
    assert (weight @ np.exp(log_e) <= 1 + 1e-6).all()


def test_the_area_from_bins_is_mann_whitneys() -> None:
    positive, negative = RNG.normal(1.8, 1, 300), RNG.normal(0, 1, 2000)
    exact = mannwhitneyu(positive, negative).statistic / (300 * 2000)
    found = batch_area.area(EDGES.count(positive.tolist()), EDGES.count(negative.tolist()))
    assert float(found) == pytest.approx(float(exact), abs=0.01)


def test_batches_are_filled_before_they_are_judged() -> None:
    rng = np.random.default_rng(9)
    positives, negatives = _scores(rng, 30, 2, 1.8), _scores(rng, 30, 18)
    found = batch_area.batches(positives, negatives)
    assert (found.positives >= batch_area.MIN_POSITIVES).all()
    assert all(one < two for one, two in pairwise(found.last_day.tolist()))
    wins = batch_area.log_e_of_fall(found, 30, 0.9)
    assert set(np.flatnonzero(wins.any(1)).tolist()) == set(found.last_day.tolist())
    nothing = batch_area.batches(positives[:1], negatives[:1])
    assert len(nothing.area) == 0
    assert not batch_area.log_e_of_fall(nothing, 1, 0.9).any()


def test_a_perfect_batch_is_not_certain() -> None:
    zero = EDGES.count([])
    low, high = EDGES.count([-3.0] * 20), EDGES.count([3.0] * 12)
    found = batch_area.batches(np.stack([high, zero]), np.stack([low, zero]))
    assert found.area.tolist() == [1.0]
    assert 0 < found.error[0] < 0.1


@pytest.mark.parametrize("expected", [0.6, 0.75, 0.9])
@pytest.mark.parametrize("negatives", [10, 90])
def test_small_batches_win_nothing_on_an_area_that_is_still_tolerated(
    expected: float, negatives: int
) -> None:
    rng = np.random.default_rng(14)
    apart = float(norm.ppf(expected)) * np.sqrt(2)
    up, down = _scores(rng, 1500, 10, apart), _scores(rng, 1500, negatives)
    found = batch_area.batches(up, down)
    wins = batch_area.log_e_of_fall(found, 1500, float(found.area.mean()), 0.0)
    assert np.exp(wins[found.last_day]).mean() <= 1.03


def test_an_area_that_falls_is_found_and_one_that_stays_is_not() -> None:
    rng = np.random.default_rng(10)
    same = tracks.of_area(_scores(rng, 300, 8, 1.81), _scores(rng, 300, 72), 0.9, 0.03)
    fallen = tracks.of_area(_scores(rng, 120, 8, 0.9), _scores(rng, 120, 72), 0.9, 0.03)
    assert (same.levels < SINGLE).all()
    assert fallen.levels[-1] > SINGLE
    assert fallen.is_beyond[-1]


def test_scores_that_claim_too_little_are_found() -> None:
    rng = np.random.default_rng(11)
    claim = np.linspace(0.01, 0.4, EDGES.slots - 2)

    def labelled(days: int, odds: float) -> tuple[Counts, Counts]:
        held = _scores(rng, days, 80)
        chance = claim * odds / (1 - claim + claim * odds)
        positives = held.copy()
        positives[:, :-2] = rng.binomial(held[:, :-2], chance)
        return positives, held - positives

    quiet, higher = labelled(150, 1.0), labelled(60, 1.65)
    positives, negatives = (np.concatenate(pair) for pair in zip(quiet, higher, strict=True))
    track = tracks.of_claims(positives, negatives, claim, 5000, 0.02)
    assert (track.levels[:150] < SINGLE).all()
    assert track.levels[-1] > SINGLE


def test_a_maker_never_seen_before_is_named() -> None:
    reference = np.array([2500, 1500, 1000, 0])
    assert categories.unseen(np.array([[40, 24, 16, 0]]), reference) == []
    assert categories.unseen(np.array([[1, 0, 0, 2]]), reference) == [3]


def test_empty_days_leave_a_track_as_it_was() -> None:
    rng = np.random.default_rng(13)
    counts = _scores(rng, 40, 60)
    with_gaps = np.zeros((80, EDGES.slots), dtype=np.int64)
    with_gaps[::2] = counts
    assert tracks.of_scores(counts, COUNTS).estimate[-1] == pytest.approx(
        tracks.of_scores(with_gaps, COUNTS).estimate[-1], abs=0.05
    )
    empty = tracks.of_scores(np.zeros((5, EDGES.slots), dtype=np.int64), COUNTS)
    assert np.isfinite(empty.levels).all()
    assert np.isnan(empty.estimate).all()
    assert not empty.is_beyond.any()
