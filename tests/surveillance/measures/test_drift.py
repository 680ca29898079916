"""Means of days: what is learned, what is tolerated, what is bet on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.measures import allowance, drift, offset
from surveillance.measures.day_effects import BASELINE_DAYS, INFLATION, between_days
from surveillance.measures.detector import change_point, change_points, log_levels

PRIOR = 0.03**2


def _means(
    rng: np.random.Generator, days: int, between: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    n = rng.poisson(80, days).astype(float)
    return n, rng.normal(0, np.sqrt(1 / 12 / n + between**2))


def test_the_variance_between_days_is_found_and_then_held() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        n, mean = _means(rng, 200, between=0.03)
        within = np.full(200, 1 / 12)
        variance = between_days(n, mean, within, PRIOR)
        assert (variance[:BASELINE_DAYS] == PRIOR).all()
        assert len(set(variance[BASELINE_DAYS:])) == 1
        mean[BASELINE_DAYS:] += np.linspace(0, 5, 200 - BASELINE_DAYS)
        assert between_days(n, mean, within, PRIOR)[-1] == variance[-1]
        found.append(variance[-1])
    assert np.mean(found) == pytest.approx(INFLATION * 0.03**2, rel=0.1)


def test_days_without_cases_are_not_counted_among_the_first() -> None:
    n, mean = _means(np.random.default_rng(2), 100)
    n[::2] = 0
    variance = between_days(n, mean, np.full(100, 1 / 12), PRIOR)
    assert (variance == PRIOR).all()


def test_the_offset_is_learned_from_days_before_and_no_further_than_the_reference_errs() -> None:
    error = np.asarray(0.004)
    precision = np.full(3000, 12.0 * 80)
    for shift, expected in ((0.003, 0.003), (0.05, 3 * 0.004)):
        found = offset.learned(np.full(3000, shift), precision, error)
        assert found.centre[0] == 0
        assert found.centre[-1] == pytest.approx(expected, rel=0.05)
        assert (np.diff(found.unsure) < 0).all()
        assert found.unsure[0] == pytest.approx(0.004**2)


def test_what_comes_later_changes_nothing_that_was_said_before() -> None:
    rng = np.random.default_rng(3)
    n, mean = _means(rng, 150)
    within, error = np.full(150, 1 / 12), np.asarray(0.004)
    whole = drift.of_means(n, mean, within, error, PRIOR)
    for days in (1, 30, 61, 120):
        part = drift.of_means(n[:days], mean[:days], within[:days], error, PRIOR)
        assert part.log_e == pytest.approx(whole.log_e[:days])


def test_streams_together_are_as_each_alone() -> None:
    rng = np.random.default_rng(4)
    rows = [_means(rng, 90) for _ in range(4)]
    n, mean = (np.stack(column) for column in zip(*rows, strict=True))
    together = drift.of_means(n, mean, np.full(n.shape, 1 / 12), np.full(4, 0.004), PRIOR)
    alone = drift.of_means(n[2], mean[2], np.full(90, 1 / 12), np.asarray(0.004), PRIOR)
    assert together.log_e[2] == pytest.approx(alone.log_e)
    assert log_levels(together.log_e)[2] == pytest.approx(log_levels(alone.log_e))
    assert (change_points(together.log_e)[2] == change_points(alone.log_e)).all()


def test_a_day_with_one_case_or_none_is_not_bet_on() -> None:
    n = np.array([0.0, 1.0, 2.0, 3.0])
    mean = np.array([np.nan, 0.5, -0.5, 0.4])
    found = drift.of_means(n, mean, np.full(4, 1 / 12), np.asarray(0.004), PRIOR)
    assert (found.log_e[:3] == 0).all()
    assert (found.log_e[3] != 0).all()
    assert np.isfinite(found.log_e).all()


def test_a_bet_on_a_mean_wins_nothing_on_average_without_a_shift() -> None:
    rng = np.random.default_rng(5)
    wins = []
    for _ in range(400):
        n, mean = _means(rng, 70)
        wins.append(drift.of_means(n, mean, np.full(70, 1 / 12), np.asarray(0.004), PRIOR).log_e)
    won = np.exp(np.asarray(wins))[:, :, :3].mean(axis=(0, 1))
    assert (won <= 1.02).all()


def test_the_change_is_dated_as_the_best_bet_sees_it_that_day() -> None:
    n, mean = _means(np.random.default_rng(6), 120)
    mean[100:] += 0.15
    wins = drift.of_means(n, mean, np.full(120, 1 / 12), np.asarray(0.004), PRIOR).log_e
    assert 98 <= change_point(wins) <= 102
    assert change_points(wins)[-1] == change_point(wins)
    assert [change_point(wins[: day + 1]) for day in (50, 110)] == change_points(wins)[
        [50, 110]
    ].tolist()


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 60)), min_size=1, max_size=40),
    st.integers(0, 300),
    st.integers(1, 300),
)
def test_an_allowance_holds_the_baseline_and_never_leaves_what_is_a_rate(
    days: list[tuple[int, int]], happened: int, more: int
) -> None:
    events = np.array([min(x, n) for x, n in days], dtype=float)
    n = np.array([n for _, n in days], dtype=float)
    found = allowance.learned(events, n, happened, happened + more)
    assert ((found.low >= 0) & (found.low < found.high) & (found.high < 1)).all()
    assert found.low[0] <= (happened + 0.5) / (happened + more + 1) <= found.high[0]
