"""Whether a stream moved between two windows, how far, and since when. Pure."""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from scipy.special import ndtri

from surveillance.measures.histogram import Counts
from surveillance.measures.ranks import CLINICAL_SHIFT, of_shift

# Two windows differ by their cases and by their days: day effects are of the size of the tolerance.
BETWEEN_DAYS = float(of_shift(CLINICAL_SHIFT)) ** 2
SURE = 4.0
FEWEST = 30
_MOST = 0.999


@dataclass(frozen=True)
class Movement:
    """How far a mean rank moved from one half.

    Attributes:
        shift: in standard deviations of a normal, with its sign.
        since: the day from which a step explains it best.
        missing_before: the share of cases without a value.
    """

    shift: float
    z: float
    since: date
    missing_before: float
    missing_since: float

    @property
    def has_moved(self) -> bool:
        return abs(self.shift) >= CLINICAL_SHIFT and abs(self.z) >= SURE


def movement(days: tuple[date, ...], counts: Counts, change: date) -> Movement | None:
    """Compare the days from `change` on with those before, by ranks among those before.

    Args:
        days: oldest first.
        counts: days x slots, the last two of them missing and invalid.
        change: the first day of the later window.

    Returns:
        None where either window has hardly a case.
    """
    is_after = np.array([day >= change for day in days], dtype=bool)
    held, whole = counts[:, :-2], counts.sum(1)
    before = held[~is_after].sum(0)
    if min(before.sum(), held[is_after].sum()) < FEWEST:
        return None
    shares = before / before.sum()
    sums = held @ (np.cumsum(shares) - shares / 2)
    n = held.sum(1)
    mean = float(sums[is_after].sum() / n[is_after].sum())
    sampled = (1 / n[~is_after].sum() + 1 / n[is_after].sum()) / 12
    by_day = BETWEEN_DAYS * (1 / max((~is_after).sum(), 1) + 1 / max(is_after.sum(), 1))
    missing = counts[:, -2:].sum(1)
    return Movement(
        shift=math.sqrt(2) * float(ndtri(min(max(mean, 1 - _MOST), _MOST))),
        z=(mean - 0.5) / math.sqrt(sampled + by_day),
        since=days[_step(n, sums)],
        missing_before=float(missing[~is_after].sum() / whole[~is_after].sum()),
        missing_since=float(missing[is_after].sum() / whole[is_after].sum()),
    )


def _step(n: Counts, sums: "np.typing.NDArray[np.float64]") -> int:
    """Return the first index after the step that explains the days best (least squares)."""
    left_n, left = np.cumsum(n)[:-1], np.cumsum(sums)[:-1]
    right_n, right = n.sum() - left_n, sums.sum() - left
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = left_n * right_n * (left / left_n - right / right_n) ** 2
    return int(np.nanargmax(np.where(np.isfinite(apart), apart, 0))) + 1 if len(apart) else 0
