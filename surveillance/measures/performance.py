"""How well flags agree with labels: the four rates of a two-by-two table, with their intervals.

Where a patient has several cases these are not independent, and an interval that took them so would
be too narrow. The variance between patients then gives an effective number of cases, on which the
score interval is drawn (Rao and Scott, Biometrics 1992;48:577-585). Each patient is left out in
turn for it (jackknife): a patient with very many cases pulls the rate to itself, and a plain sum of
squares would not see how far.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.intervals import Z95, Interval

Truths = NDArray[np.bool_]
Patients = NDArray[np.int64]


@dataclass(frozen=True)
class Rate:
    """A share with its interval; `interval` is None where there is no case to share."""

    events: int
    n: int
    interval: Interval | None


@dataclass(frozen=True)
class Rates:
    """The two-by-two table as its four rates."""

    sensitivity: Rate
    specificity: Rate
    ppv: Rate
    npv: Rate


def rates(labels: Truths, flags: Truths, patients: Patients) -> Rates:
    """Return the rates of flagged and unflagged cases, of present and absent findings."""
    return Rates(
        sensitivity=share(flags[labels], patients[labels]),
        specificity=share(~flags[~labels], patients[~labels]),
        ppv=share(labels[flags], patients[flags]),
        npv=share(~labels[~flags], patients[~flags]),
    )


def share(happened: Truths, patients: Patients) -> Rate:
    events, n = int(happened.sum()), len(happened)
    if n == 0:
        return Rate(0, 0, None)
    return Rate(events, n, score_interval(events / n, effective(happened, patients)))


def effective(happened: Truths, patients: Patients) -> float:
    """Return how many independent cases these are worth; never more than there are."""
    n = len(happened)
    groups, place = np.unique(patients, return_inverse=True)
    if len(groups) == n:
        return float(n)
    if len(groups) == 1:
        return 1.0
    rate = float(happened.mean())
    if rate in {0.0, 1.0}:
        # Nothing tells how alike a patient's cases are: take them as one.
        return float(len(groups))
    # Leaving each patient out in turn: one with many cases would else pull the rate to itself.
    moves = np.bincount(place, weights=happened - rate) / (n - np.bincount(place))
    between = (len(groups) - 1) / len(groups) * float(moves @ moves)
    return n / max(1.0, between * n / (rate * (1 - rate)))


def score_interval(rate: float, n: float, z: float = Z95) -> Interval:
    """Return Wilson's interval of a rate seen on `n` cases, which need be no whole number."""
    spread = z * z / n
    centre = rate + spread / 2
    half = z * math.sqrt(rate * (1 - rate) / n + spread / (4 * n))
    low = 0.0 if rate == 0 else (centre - half) / (1 + spread)
    high = 1.0 if rate == 1 else (centre + half) / (1 + spread)
    return Interval(rate, low, high)


def difference(one: Interval, other: Interval) -> Interval:
    """Return the interval of the difference of two independent estimates, from their own.

    Newcombe's method 10 for two proportions, and its extension to any two estimates: Zou and
    Donner, Statistics in Medicine 2008;27:1693-1702.
    """
    gap = one.estimate - other.estimate
    below = math.hypot(one.estimate - one.low, other.high - other.estimate)
    above = math.hypot(one.high - one.estimate, other.estimate - other.low)
    return Interval(gap, gap - below, gap + above)
