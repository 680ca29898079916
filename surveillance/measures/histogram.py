"""Counts on frozen edges: what a day of scores is reduced to.

The slots of a count are, in this order: below the first edge, one for each bin, above the last
edge, missing, invalid. Edges come from a reference and never change while it holds, so that counts
of any two days, sites or corrections merge by addition, in any order (signed ones included).
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
Counts = NDArray[np.int64]
# Counts as they are kept: four bytes are enough for a day, not for a year.
Slots = NDArray[np.signedinteger[Any]]
BINS = 50  # an area under the curve read from 50 bins is wrong by 0.0005
_UNDER, _OVER_AND_REST = 1, 3


@dataclass(frozen=True)
class Edges:
    """Rising cut points. Bins are closed below and open above, but the last is closed at both."""

    cuts: tuple[float, ...]

    def __post_init__(self) -> None:
        rising = all(low < high for low, high in zip(self.cuts, self.cuts[1:], strict=False))
        if len(self.cuts) < 2 or not rising or not all(map(math.isfinite, self.cuts)):  # noqa: PLR2004 - a bin has two ends
            raise ValueError("edges are at least two finite numbers that rise")

    @property
    def bins(self) -> int:
        return len(self.cuts) - 1

    @property
    def slots(self) -> int:
        return self.bins + _UNDER + _OVER_AND_REST

    def slot(self, score: float | None) -> int:
        """Return where a score is counted; None is missing; no number is invalid."""
        if score is None:
            return self.slots - 2
        if not math.isfinite(score):
            return self.slots - 1
        if score == self.cuts[-1]:
            return self.bins
        return bisect_right(self.cuts, score)

    def count(self, scores: Iterable[float | None]) -> Counts:
        slots = [self.slot(score) for score in scores]
        return np.bincount(slots, minlength=self.slots).astype(np.int64)


def quantile_edges(scores: Sequence[float], bins: int = BINS) -> Edges:
    """Return edges that cut a reference into bins of equal share, fewer where scores are tied.

    Raises:
        ValueError: fewer than two different scores, or one that is no number.
    """
    values = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a reference score is missing or no number")
    cuts = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1))) if values.size else values
    return Edges(tuple(float(cut) for cut in cuts))


def number_edges(values: Sequence[float], bins: int = BINS) -> Edges:
    """Return edges for a number that may take few values, or only one.

    Where the largest value is frequent it gets a bin of its own, as every other frequent value has:
    a number that never changed is then ranked as it was, and any other value below or above.

    Raises:
        ValueError: no value, or one that is no number.
    """
    found = np.asarray(values, dtype=np.float64)
    if not found.size or not np.isfinite(found).all():
        raise ValueError("there is no value, or one is no number")
    cuts = np.unique(np.quantile(found, np.linspace(0, 1, bins + 1), method="inverted_cdf"))
    if len(cuts) == 1 or np.mean(found == cuts[-1]) > 1 / bins:
        cuts = np.append(cuts, np.nextafter(cuts[-1], np.inf))
    return Edges(tuple(float(cut) for cut in cuts))


def valued(counts: NDArray[Number]) -> NDArray[Number]:
    """Return the slots that hold a score: all but missing and invalid. Works on rows of days."""
    return counts[..., :-2]
