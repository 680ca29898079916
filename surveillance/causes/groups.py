"""Cases before and since a change, by group, and what the groups make of the change. Pure.

The change of a mean is split, after Kitagawa (JASA 1955;50:1168-1194), into what the mix of groups
makes of it and what happened within the groups. Beside it: the change that remains when one group
is left out of both windows, which is how a single scanner or a lost attribute is told.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
FEWEST = 30


@dataclass(frozen=True)
class Side:
    """One window: cases of each group, and the sum of what is measured of them."""

    cases: Numbers
    total: Numbers

    @property
    def n(self) -> float:
        return float(self.cases.sum())

    @property
    def mean(self) -> float:
        return float(self.total.sum()) / self.n if self.n else math.nan

    @property
    def shares(self) -> Numbers:
        shares: Numbers = self.cases / max(self.n, 1.0)
        return shares

    def without(self, index: int) -> "Side":
        return Side(np.delete(self.cases, index), np.delete(self.total, index))


@dataclass(frozen=True)
class Groups:
    """The same cases by the levels of one axis, before a change and since.

    Attributes:
        variance: of what is measured, of one case.
    """

    axis: str
    levels: tuple[str, ...]
    before: Side
    since: Side
    variance: float

    @property
    def change(self) -> float:
        return self.since.mean - self.before.mean

    @property
    def error(self) -> float:
        """Return the standard error of the change."""
        return math.sqrt(self.variance * (1 / self.before.n + 1 / self.since.n))

    @cached_property
    def means(self) -> tuple[Numbers, Numbers]:
        """Return the mean of each group in each window; where one has no case, the other's."""
        then, now = _mean(self.before), _mean(self.since)
        then, now = np.where(np.isnan(then), now, then), np.where(np.isnan(now), then, now)
        return np.nan_to_num(then), np.nan_to_num(now)

    @cached_property
    def mix(self) -> Numbers:
        """Return what the changed share of each group makes of the change.

        Measured from the overall mean, so that a group that grew counts only if it is unlike the
        others; the sum is the same, as the shares' changes add up to nothing.
        """
        then, now = self.means
        middle = (self.before.mean + self.since.mean) / 2
        grown = self.since.shares - self.before.shares
        effect: Numbers = grown * ((then + now) / 2 - middle)
        return effect

    @cached_property
    def within(self) -> Numbers:
        """Return what happened within each group, at its middle share."""
        then, now = self.means
        effect: Numbers = (now - then) * (self.before.shares + self.since.shares) / 2
        return effect

    @property
    def mix_share(self) -> float:
        return float(self.mix.sum()) / self.change

    @property
    def mix_error(self) -> float:
        """Return the standard error of `mix_share`: means and shares are both estimates."""
        held = (1 / np.maximum(self.before.cases, 1) + 1 / np.maximum(self.since.cases, 1)) / 4
        grown = (self.since.shares - self.before.shares) ** 2
        then, now = self.means
        apart = ((then + now) / 2 - self.before.mean) ** 2
        shares = (self.before.shares + self.since.shares) / 2
        sampled = shares * (1 - shares) * (1 / self.before.n + 1 / self.since.n)
        variance = float((grown * held).sum()) * self.variance + float((apart * sampled).sum())
        return math.sqrt(variance) / abs(self.change)

    def without(self, index: int) -> "Groups":
        """Return the same without the cases of one group."""
        kept = tuple(level for at, level in enumerate(self.levels) if at != index)
        before, since = self.before.without(index), self.since.without(index)
        return Groups(self.axis, kept, before, since, self.variance)

    def carried(self, index: int) -> tuple[float, float]:
        """Return the share of the change that goes with one group, and its standard error.

        Nothing can be told where hardly a case is left without it.
        """
        rest = self.without(index)
        if min(rest.before.n, rest.since.n) < FEWEST:
            return 0.0, math.inf
        return 1 - rest.change / self.change, rest.error / abs(self.change)


def _mean(side: Side) -> Numbers:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Numbers = np.where(side.cases > 0, side.total / side.cases, np.nan)
    return mean
