"""How many cases a day has, by its weekday: what is normal, and bets on more or on fewer.

A day's count is negative binomial: Poisson with a rate that differs between days (Lawless, Canadian
Journal of Statistics 1987;15:209-225). With that spread known, a likelihood ratio of means has an
expectation of at most one for every mean on the tolerated side, so the null may be composite.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surveillance.measures.bets import Bets
from surveillance.measures.betting import LogE
from surveillance.measures.day_effects import INFLATION, Daily
from surveillance.measures.histogram import Counts

RISES = (1.25, 1.6, 2.5)
FALLS = (0.8, 0.6, 0.35, 0.1)
# One day alone is no change of volume: a holiday has no cases at all.
MOST_A_DAY = np.log(10.0)
WEEK = 7
_SHRINK = 0.1  # of a day like any other, for a weekday that had few
# Variance of the rate between days, as a share of its square.
_LEAST_SPREAD, _MOST_SPREAD = 0.01, 2.0
_ERRORS = 3.0
_FEWEST = 1e-3


@dataclass(frozen=True)
class Rhythm:
    """What a stream's volume was, weekday by weekday.

    Attributes:
        expected: cases on each weekday, Monday first.
        spread: variance of a day's rate around `expected`, as a share of its square.
        error: standard error of all weekdays together, as a share.
    """

    expected: Daily
    spread: float
    error: float

    @property
    def a_day(self) -> float:
        return float(self.expected.mean())


def learned(ordinals: Counts, counts: Counts) -> Rhythm:
    """Learn from days that are normal; days without cases are among them.

    Args:
        ordinals: the days, as `date.toordinal` counts them.
        counts: their cases.
    """
    day = weekday(ordinals)
    days = np.bincount(day, minlength=WEEK).astype(np.float64)
    total = np.bincount(day, weights=counts, minlength=WEEK)
    overall = counts.sum() / len(counts)
    expected = np.maximum((total + _SHRINK * overall) / (days + _SHRINK), _FEWEST)
    mean = expected[day]
    excess = float(((counts - mean) ** 2 - mean).sum())
    freedom = max(1.0, len(counts) - float((days > 0).sum())) / len(counts)
    found = INFLATION * excess / (float((mean**2).sum()) * freedom)
    spread = float(np.clip(found, _LEAST_SPREAD, _MOST_SPREAD))
    # What is not known of one weekday differs from the next one's, as days do.
    weekday_spread = float((spread / np.maximum(days, 1.0)).mean())
    error = float(np.sqrt((1 / overall + spread) / len(counts))) if overall else 1.0
    return Rhythm(expected, spread + weekday_spread, error)


def weekday(ordinals: Counts) -> NDArray[np.int64]:
    """Return the weekdays, Monday being 0: `date.toordinal` counts from a Monday."""
    day: NDArray[np.int64] = (np.asarray(ordinals) - 1) % WEEK
    return day


def on_volume(
    counts: Daily, expected: Daily, error: ArrayLike, spread: ArrayLike, factor: ArrayLike
) -> Bets:
    """Bet on a volume that rose or fell by more than is not known of it.

    Args:
        counts: cases of each day; shape (..., days).
        expected: what the weekday has; the same shape, zero on a day that is not there.
        error: standard error of that, as a share of it; shape (...).
        spread: variance of a day's rate as a share of its square; shape (...).
        factor: how many times as much, or as little, is tolerated; shape (...).
    """
    size = 1 / np.asarray(spread, dtype=np.float64)[..., None]
    is_day = expected > 0
    mean = np.where(is_day, expected, 1.0)
    unknown = 1 + _ERRORS * np.asarray(error, dtype=np.float64)[..., None]
    wins = [_log_ratio(counts, mean * unknown, rise, size) for rise in RISES]
    wins += [_log_ratio(counts, mean / unknown, fall, size) for fall in FALLS]
    log_e: LogE = np.minimum(np.where(is_day[..., None], np.stack(wins, -1), 0.0), MOST_A_DAY)
    z = np.where(is_day, (counts - mean) / np.sqrt(mean + mean**2 / size), 0.0)
    times = np.asarray(factor, dtype=np.float64)
    return Bets(log_e, z, counts, expected, 1 / times, times, np.zeros(counts.shape))


def _log_ratio(counts: Daily, null: Daily, times: float, size: Daily) -> Daily:
    """Return the log likelihood ratio of `times` the tolerated mean against that mean."""
    other = times * null
    ratio: Daily = counts * np.log(times) - (counts + size) * np.log((size + other) / (size + null))
    return ratio


def log_chance_of_none(expected: ArrayLike, spread: float) -> float:
    """Return the log chance that no case comes where `expected` should, day by day."""
    each = np.asarray(expected, dtype=np.float64)
    return float(-(np.log1p(each * spread) / spread).sum())
