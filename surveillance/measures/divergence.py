"""How far two counts on the same edges are apart. Effect sizes for reports: none of them alarms."""

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.histogram import Counts, Edges, valued

Shares = NDArray[np.float64]
HALF_A_CASE = 0.5  # added to each slot, so that an empty one has a finite logarithm


def stability_index(current: Counts, reference: Counts) -> float:
    """Return the population stability index, the symmetrised Kullback-Leibler divergence."""
    p, q = _smoothed(current), _smoothed(reference)
    return float(np.sum((p - q) * np.log(p / q)))


def jensen_shannon(current: Counts, reference: Counts) -> float:
    """Return the Jensen-Shannon distance to base 2: 0 for the same, 1 for no overlap."""
    p, q = _shares(current), _shares(reference)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return float(np.sqrt(max(0.0, divergence)))


def wasserstein(current: Counts, reference: Counts, edges: Edges) -> float:
    """Return the first Wasserstein distance, in units of the score, with cases at bin centres.

    Cases beyond the edges count as if on them: how far beyond is not kept.
    """
    cuts = np.asarray(edges.cuts)
    places = np.concatenate([cuts[:1], (cuts[1:] + cuts[:-1]) / 2, cuts[-1:]])
    gap = np.cumsum(_shares(current) - _shares(reference))[:-1]
    return float(np.abs(gap) @ np.diff(places))


def _shares(counts: Counts) -> Shares:
    held = valued(counts)
    shares: Shares = held / held.sum()
    return shares


def _smoothed(counts: Counts) -> Shares:
    held = valued(counts) + HALF_A_CASE
    shares: Shares = held / held.sum()
    return shares


def _relative_entropy(p: Shares, q: Shares) -> float:
    some = p > 0
    return float(np.sum(p[some] * np.log2(p[some] / q[some])))
