import numpy as np
import pytest

from surveillance.measures.detector import log_levels
from surveillance.measures.volumes import (
    MOST_A_DAY,
    Rhythm,
    learned,
    log_chance_of_none,
    on_volume,
    weekday,
)

WEEKS = np.array([1.2, 1.2, 1.1, 1.1, 1.1, 0.3, 0.2])
MONDAY = 738_000 - (738_000 - 1) % 7


def days(n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.arange(MONDAY, MONDAY + n)


def volumes(
    n: int, mean: float, spread: float, seed: int = 1
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    random = np.random.default_rng(seed)
    rate = mean * WEEKS[weekday(days(n))] * random.gamma(1 / spread, spread, n)
    return random.poisson(rate)


def levels(
    rhythm: Rhythm, counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]], first: int = 28
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    expected = rhythm.expected[weekday(days(first + len(counts))[first:])]
    found = on_volume(counts.astype(float), expected, rhythm.error, rhythm.spread, 1.5)
    return log_levels(found.log_e)


def test_weekdays_begin_on_monday() -> None:
    assert weekday(days(8)).tolist() == [0, 1, 2, 3, 4, 5, 6, 0]


def test_each_weekday_has_its_own_volume() -> None:
    rhythm = learned(days(56), volumes(56, 80, 0.01))
    assert rhythm.expected == pytest.approx(80 * WEEKS, rel=0.25)
    assert rhythm.spread < 0.05


@pytest.mark.parametrize(("mean", "spread"), [(80, 0.01), (80, 0.09), (10, 0.09), (2, 0.05)])
def test_a_year_without_a_change_is_quiet(mean: float, spread: float) -> None:
    passed = 0
    for seed in range(60):
        counts = volumes(28 + 365, mean, spread, seed)
        passed += bool((levels(learned(days(28), counts[:28]), counts[28:]) > np.log(7300)).any())
    assert passed <= 2  # measured on 1,000: 0.1 to 0.9 %


def test_half_the_volume_is_found_in_weeks_and_none_in_days() -> None:
    counts = volumes(28 + 60, 80, 0.01)
    rhythm = learned(days(28), counts[:28])
    half = levels(rhythm, counts[28:] // 2)
    assert int(np.argmax(half > np.log(7300))) <= 10
    none = levels(rhythm, np.zeros(60, dtype=np.int64))
    assert 2 <= int(np.argmax(none > np.log(7300))) <= 6


def test_one_day_alone_is_no_change() -> None:
    counts = volumes(28 + 60, 80, 0.01)
    rhythm = learned(days(28), counts[:28])
    holiday = counts[28:].copy()
    holiday[20] = 0
    assert (levels(rhythm, holiday) < np.log(365)).all()
    wins = on_volume(np.zeros(7), rhythm.expected, rhythm.error, rhythm.spread, 1.5).log_e
    assert wins.max() <= MOST_A_DAY


@pytest.mark.parametrize("counts", [np.zeros(28, dtype=np.int64), np.full(28, 7)])
def test_a_constant_column_is_no_fault(
    counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> None:
    rhythm = learned(days(28), counts)
    assert np.isfinite(levels(rhythm, np.zeros(60, dtype=np.int64))).all()
    assert np.isfinite(levels(rhythm, np.full(60, 10**6))).all()


def test_no_case_is_less_likely_the_more_are_due_and_the_less_days_differ() -> None:
    assert log_chance_of_none([10.0], 1e-6) == pytest.approx(-10, abs=1e-3)
    assert -10 < log_chance_of_none([10.0], 0.1) < log_chance_of_none([5.0, 5.0], 0.01) + 10
    assert log_chance_of_none([], 0.1) == 0
