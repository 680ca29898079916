"""The bootstrap by patient: what a count would have been with other patients of the same kind.

Whole patients are drawn, with all their cases, as cases of one patient are not independent (Davison
and Hinkley, Bootstrap Methods and their Application, 1997, 3.8). The seed is fixed: the same cases
give the same interval.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.gaps import student
from surveillance.measures.intervals import Z95, Interval

Codes = NDArray[np.int64]
Table = NDArray[np.float64]
ROUNDS = 400
SEED = 20_261_122
_TAILS = (2.5, 97.5)


def tables(
    cells: Codes, patients: Codes, size: int, values: Table, rounds: int = ROUNDS, seed: int = SEED
) -> Table:
    """Return sums of `values` in each cell, of every round; shape (rounds, size)."""
    found = np.empty((rounds, size))
    for at, times in enumerate(_drawn(patients, rounds, seed)):
        found[at] = np.bincount(cells, weights=values * times[patients], minlength=size)
    return found


def interval(estimate: float, replicates: Table, freedom: float = math.inf) -> Interval | None:
    """Return the percentile interval; None where no round has a value.

    Few patients drawn anew scatter less than other patients would: with few degrees of freedom the
    interval is wider by Student's quantile, and by the variance that is lost.
    """
    known = np.atleast_1d(replicates)[np.isfinite(np.atleast_1d(replicates))]
    if not len(known) or not np.isfinite(estimate):
        return None
    wider = 1.0
    if math.isfinite(freedom):
        wider = float(student(np.array(Z95), np.array(freedom))) / Z95
        wider *= math.sqrt(1 + 1 / max(freedom, 1.0))
    low, high = estimate + wider * (np.percentile(known, _TAILS) - estimate)
    return Interval(estimate, min(float(low), estimate), max(float(high), estimate))


def _drawn(patients: Codes, rounds: int, seed: int) -> Iterator[Codes]:
    """Yield how often each patient is drawn."""
    random = np.random.default_rng(seed)
    many = int(patients.max()) + 1 if len(patients) else 0
    for _ in range(rounds):
        yield np.bincount(random.integers(0, many, many), minlength=many)
