"""Whether a version still ranks positives above negatives: the area under the curve, in batches.

A day has too few positives for an area of its own, so days are taken together until there are
enough. The area is read from two histograms; its error is that of Hanley and McNeil, Radiology
1982;143:29-36.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.betting import LogE
from surveillance.measures.day_effects import Daily
from surveillance.measures.histogram import Counts, valued

MIN_POSITIVES = 10
MIN_NEGATIVES = 10
TOLERANCE = 0.03
# Standard errors of its own area that the reference leaves open.
REFERENCE_ERRORS = 2.0
# A batch of ten is skewed: a stake of two standard errors would win on unchanged ones.
STAKES = (0.25, 0.5, 1.0)


@dataclass(frozen=True)
class Batches:
    """The areas of consecutive batches; `last_day` is the day that completed each."""

    area: Daily
    error: Daily
    positives: Counts
    negatives: Counts
    last_day: NDArray[np.int64]


def area(positives: Counts, negatives: Counts) -> Daily:
    """Return the area from counts on the same edges; shape (..., slots) gives (...)."""
    above, below = valued(positives), valued(negatives)
    beaten = np.cumsum(below, axis=-1) - below / 2
    pairs = above.sum(-1) * below.sum(-1)
    result: Daily = (above * beaten).sum(-1) / np.maximum(pairs, 1)
    return result


def error(area: Daily, positives: Counts, negatives: Counts) -> Daily:
    """Return the standard error of an area (Hanley and McNeil 1982)."""
    of_positives = area / (2 - area) - area**2
    of_negatives = 2 * area**2 / (1 + area) - area**2
    # A perfect batch is not certain: half a pair is taken from it.
    spread = np.maximum(area * (1 - area), 0.5 / (positives * negatives))
    total = spread + (positives - 1) * of_positives + (negatives - 1) * of_negatives
    result: Daily = np.sqrt(total / (positives * negatives))
    return result


def batches(positives: Counts, negatives: Counts) -> Batches:
    """Take days together, oldest first; what is left at the end is no batch yet."""
    ends = _ends(valued(positives).sum(-1), valued(negatives).sum(-1))
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
    if not len(ends):
        none = np.empty(0)
        return Batches(none, none, none.astype(np.int64), none.astype(np.int64), ends)
    until = int(ends[-1]) + 1
    up = np.add.reduceat(positives[:until], starts, axis=0)
    down = np.add.reduceat(negatives[:until], starts, axis=0)
    m, n = valued(up).sum(-1), valued(down).sum(-1)
    found = area(up, down)
    return Batches(found, error(found, m, n), m, n, ends)


def log_e_of_fall(of: Batches, days: int, expected: float, tolerance: float = TOLERANCE) -> LogE:
    """Return a row of bets for each of `days`; a day that completes no batch wins nothing.

    Args:
        of: the batches.
        days: how many days the series has.
        expected: the area of the reference.
        tolerance: how far the area may fall; no less than the reference's own error.
    """
    stakes = np.asarray(STAKES)
    wins = np.zeros((days, len(stakes)))
    # A batch that is low by chance seems to know itself too well: no less than what the area that
    # is still tolerated would have.
    least = error(np.asarray(expected - tolerance), of.positives, of.negatives)
    z = (expected - tolerance - of.area) / np.maximum(of.error, least)
    wins[of.last_day] = stakes * z[:, None] - stakes**2 / 2
    return wins


def _ends(positives: Counts, negatives: Counts) -> NDArray[np.int64]:
    ends, up, down = [], 0, 0
    for day, (more, less) in enumerate(zip(positives.tolist(), negatives.tolist(), strict=True)):
        up, down = up + more, down + less
        if up >= MIN_POSITIVES and down >= MIN_NEGATIVES:
            ends.append(day)
            up = down = 0
    return np.asarray(ends, dtype=np.int64)
