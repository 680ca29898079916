"""Where a score stands among the reference's: its probability integral transform, by bins.

The rank of a bin is the reference's share below it and half of its own. Under no shift the mean of
a case's rank is one half; a shift of d standard deviations moves it to Phi(d / sqrt 2).
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from surveillance.measures.histogram import Counts, valued

Ranks = NDArray[np.float64]
NO_SHIFT = 0.5
CLINICAL_SHIFT = 0.1  # standard deviations; day effects of this size are case mix
REFERENCE_ERRORS = 3  # the reference's own mean is uncertain by 1 / sqrt(12 n)


def ranks(reference: Counts) -> Ranks:
    """Return the rank of each slot that holds a score, from the reference's (..., slots)."""
    held = valued(reference)
    shares = held / held.sum(-1, keepdims=True)
    result: Ranks = np.cumsum(shares, axis=-1) - shares / 2
    return result


def mean_rank(counts: Counts, of: Ranks) -> float:
    held = valued(counts)
    return float(held @ of / held.sum())


def of_shift(shift: ArrayLike) -> Ranks:
    """Return how far a shift of so many standard deviations moves the mean rank of a normal."""
    moved: Ranks = ndtr(np.asarray(shift, dtype=np.float64) / math.sqrt(2)) - NO_SHIFT
    return moved


def in_deviations(moved: float) -> float:
    """Return the shift of a normal, in standard deviations, that moves the mean rank so far."""
    return math.sqrt(2) * float(ndtri(NO_SHIFT + moved))


def shift_tolerance(n_reference: ArrayLike, shift: ArrayLike = CLINICAL_SHIFT) -> Ranks:
    """Return how far the mean rank may move: the clinical shift, or what the reference cannot tell.

    Without it a correct detector alarms on the reference's own error.
    """
    known: Ranks = REFERENCE_ERRORS / np.sqrt(12 * np.asarray(n_reference, dtype=np.float64))
    tolerance: Ranks = np.maximum(of_shift(shift), known)
    return tolerance
