"""Whether a gap moves: a line through its months, each weighted by how well it is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from surveillance.measures.gaps import student
from surveillance.measures.intervals import Z95, Interval

MIN_POINTS = 4


@dataclass(frozen=True)
class Trend:
    """The slope of a period, with its interval; `points` is what it was drawn through."""

    slope: Interval
    points: int


def slope(at: Sequence[float], points: Sequence[Interval]) -> Trend | None:
    """Fit by weighted least squares; None with fewer than `MIN_POINTS`.

    Where the points scatter more than their intervals allow, the slope's interval is widened by as
    much (Birge, Physical Review 1932;40:207-227). How much that is is seen on few points, so that
    Student's quantile takes the normal one's place.
    """
    if len(points) < MIN_POINTS:
        return None
    x = np.asarray(at, dtype=np.float64)
    y = np.array([point.estimate for point in points])
    errors = np.array([(point.high - point.low) / (2 * Z95) for point in points])
    weight = 1 / np.maximum(errors, np.finfo(np.float32).eps) ** 2
    centre = float(weight @ x / weight.sum())
    spread = float(weight @ (x - centre) ** 2)
    if spread <= 0:
        return None
    middle = float(weight @ y / weight.sum())
    found = float(weight @ ((x - centre) * (y - middle)) / spread)
    left = float(weight @ (y - middle - found * (x - centre)) ** 2)
    freedom = len(points) - 2
    seen = float(student(np.array(Z95), np.array(freedom))) * np.sqrt(left / freedom)
    half = max(Z95, float(seen)) / float(np.sqrt(spread))
    return Trend(Interval(found, found - half, found + half), len(points))
