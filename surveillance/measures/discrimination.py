"""The area under the ROC curve with its interval, for independent and for repeated patients.

DeLong et al., Biometrics 1988;44:837-845; for several cases of one patient the same components
summed by patient: Obuchowski, Biometrics 1997;53:567-578, here with each patient left out in turn.
The interval is drawn on the logit, which keeps it within 0 and 1.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.intervals import Z95, Interval
from surveillance.measures.performance import Patients, Truths

Scores = NDArray[np.float64]
_ENOUGH = 2
_STEPS = 60


def area(labels: Truths, scores: Scores, patients: Patients, z: float = Z95) -> Interval | None:
    """Return the area, or None where fewer than two cases are positive or negative."""
    positive, negative = scores[labels], scores[~labels]
    if min(len(positive), len(negative)) < _ENOUGH:
        return None
    above, below = placements(positive, negative)
    estimate = float(above.mean())
    variance = _variance(above - estimate, below - estimate, patients[labels], patients[~labels])
    if variance <= 0 or estimate in {0.0, 1.0}:
        sizes = (len(np.unique(patients[labels])), len(np.unique(patients[~labels])))
        return _score_interval(estimate, *sizes, z)
    half = z * math.sqrt(variance) / (estimate * (1 - estimate))
    centre = math.log(estimate / (1 - estimate))
    return Interval(estimate, _expit(centre - half), _expit(centre + half))


def placements(positive: Scores, negative: Scores) -> tuple[Scores, Scores]:
    """Return each positive's share of negatives below it, and the reverse; a tie counts half."""
    return _share_below(positive, negative), 1 - _share_below(negative, positive)


def _share_below(values: Scores, others: Scores) -> Scores:
    ordered = np.sort(others)
    lower = np.searchsorted(ordered, values, side="left")
    upper = np.searchsorted(ordered, values, side="right")
    shares: Scores = (lower + upper) / (2 * len(others))
    return shares


def _variance(above: Scores, below: Scores, of_above: Patients, of_below: Patients) -> float:
    """Return the variance between patients, each left out in turn."""
    m, n = len(above), len(below)
    groups, place = np.unique(np.concatenate([of_above, of_below]), return_inverse=True)
    with_positive = np.bincount(place[:m], minlength=len(groups))
    with_negative = np.bincount(place[m:], minlength=len(groups))
    if m in with_positive or n in with_negative:
        return 0.0
    first = np.bincount(place[:m], weights=above, minlength=len(groups)) / (m - with_positive)
    second = np.bincount(place[m:], weights=below, minlength=len(groups)) / (n - with_negative)
    # A patient who has cases of both kinds moves both sums at once.
    return (len(groups) - 1) / len(groups) * float((first + second) @ (first + second))


def _score_interval(estimate: float, m: int, n: int, z: float) -> Interval:
    """Return Newcombe's method 5, where the variance seen is none: a perfect ranking.

    Newcombe, Statistics in Medicine 2006;25:559-573.
    """

    def misses(area: float) -> bool:
        half = (m + n) / 2 - 1
        width = 1 + half * ((1 - area) / (2 - area) + area / (1 + area))
        return abs(estimate - area) > z * math.sqrt(area * (1 - area) * width / (m * n))

    low = 0.0 if estimate == 0 else _border(0.0, estimate, misses)
    high = 1.0 if estimate == 1 else _border(1.0, estimate, misses)
    return Interval(estimate, low, high)


def _border(outside: float, inside: float, misses: Callable[[float], bool]) -> float:
    for _ in range(_STEPS):
        middle = (outside + inside) / 2
        outside, inside = (middle, inside) if misses(middle) else (outside, middle)
    return inside


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value))
