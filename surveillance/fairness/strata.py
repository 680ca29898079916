"""How the groups of every axis fare within the levels of every other one, all at once. Pure."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveillance.axes import is_cross
from surveillance.fairness import mix
from surveillance.fairness.kinds import Measure
from surveillance.fairness.patients import Columns
from surveillance.measures import batch_area, simpson

Table = NDArray[np.float64]
Codes = NDArray[np.int64]
_TWO = 2


@dataclass(frozen=True)
class Crossed:
    """The records that a measure is of, crossed by every two axes.

    Attributes:
        names: axis and level of each level there is; `others` are the axes that may explain.
        codes: of each axis, each record's place in `names`; shape (axes, records).
        cuts: where the names of each axis begin and end.
        values: what is averaged; for an area the label, and `bins` is where the score falls.
    """

    names: tuple[tuple[str, str], ...]
    codes: Codes
    cuts: dict[str, slice]
    values: Table
    bins: Codes | None

    @classmethod
    def of(cls, table: Columns, measure: Measure) -> "Crossed | None":
        """Cross the records of a measure; None where it has none."""
        held, values = mix.events(table, measure)
        if not held.any():
            return None
        names: list[tuple[str, str]] = []
        codes, cuts = [], {}
        for name, axis in table.axes.items():
            cuts[name] = slice(len(names), len(names) + len(axis.names))
            codes.append(axis.codes[held] + len(names))
            names += [(name, level) for level in axis.names]
        bins = None
        if measure is Measure.AREA:
            values, bins = (table.truths == 1).astype(np.float64), mix.bins(table.scores[held])
        return cls(tuple(names), np.array(codes), cuts, values[held], bins)

    @property
    def others(self) -> list[str]:
        several = (name for name, cut in self.cuts.items() if cut.stop - cut.start >= _TWO)
        return [name for name in several if not is_cross(name)]

    @property
    def total(self) -> float:
        return float(self.codes.shape[1])

    @cached_property
    def sizes(self) -> Table:
        found: Any = np.bincount(self.codes.ravel(), minlength=len(self.names))
        return np.asarray(found, dtype=np.float64)

    def _sums(self, axis: str, weights: Table | None = None) -> Table:
        """Return cases, or sums of weights, of each group at each level of an axis."""
        cut, at = self.cuts[axis], [*self.cuts].index(axis)
        size = cut.stop - cut.start
        cells = (self.codes * size + self.codes[at] - cut.start).ravel()
        each = None if weights is None else np.broadcast_to(weights, self.codes.shape).ravel()
        # Not by multiplying matrices: of a few hundred records that takes ten times as long.
        found: Any = np.bincount(cells, weights=each, minlength=len(self.names) * size)
        return np.asarray(found, dtype=np.float64).reshape(len(self.names), size)

    def apart(self, axis: str) -> Table:
        """Return how far each group's mix is from that of the others: the share out of place."""
        cases = self._sums(axis)
        rest = self.sizes[self.cuts[axis]] - cases
        shares = (each / np.maximum(each.sum(-1, keepdims=True), 1) for each in (cases, rest))
        one, other = shares
        found: Table = np.abs(one - other).sum(-1) / 2
        return found

    def within(self, axis: str, levels: Codes) -> tuple[Table, Table, Table]:
        """Return each level's gap where like is compared, its variances, and what is comparable.

        Variances are (levels, 2), of the group's and of the others' part of it, as if all cases
        were independent.
        """
        if self.bins is not None:
            return self._areas(axis, levels)
        both = []
        for weights in (None, self.values, self.values**2):
            found = self._sums(axis, weights)
            total = found[self.cuts[axis]].sum(0)
            both.append(np.stack([found[levels], total - found[levels]], axis=1))
        cases, sums, squares = both
        parted = simpson.of_rates(sums, cases)
        many = cases.sum(1)
        mean = sums.sum(1) / np.maximum(many, 1)
        # As if the groups were alike in a stratum: few cases that are all hits tell no certainty.
        spread = np.maximum(squares.sum(1) / np.maximum(many, 1) - mean**2, 0)
        share = (cases / np.maximum(cases.sum(-1, keepdims=True), 1)).mean(1)
        weight = np.where((cases > 0).all(1), share, 0.0)
        variances = weight[:, None] ** 2 * spread[:, None] / np.maximum(cases, 1)
        return parted.effect, variances.sum(-1), parted.comparable

    def _areas(self, axis: str, levels: Codes) -> tuple[Table, Table, Table]:
        kinds = []
        for label in (1, 0):
            own = self._counts(axis, levels, self.values == label)
            total = self._counts(axis, None, self.values == label)
            kinds.append(np.stack([own, total - own], axis=1))
        parted = simpson.of_areas(*kinds)
        up, down = (each.sum(-1) for each in kinds)
        both = (np.minimum(up, down) >= simpson.FEWEST).all(1)
        areas = batch_area.area(*(np.pad(each, [(0, 0)] * 3 + [(0, 2)]) for each in kinds))
        errors = batch_area.error(areas, np.maximum(up, 1), np.maximum(down, 1))
        weight = np.where(both, up.sum(1), 0)
        share = weight / np.maximum(weight.sum(-1, keepdims=True), 1)
        return parted.effect, (share[:, None] ** 2 * errors**2).sum(-1), parted.comparable

    def _counts(self, axis: str, levels: Codes | None, held: NDArray[np.bool_]) -> Codes:
        """Count scores by group, level of another axis and bin; without levels, of everybody."""
        cut, bins = self.cuts[axis], self.bins
        if bins is None:
            raise ValueError("only scores fall into bins")
        size = cut.stop - cut.start
        at = [*self.cuts].index(axis)
        cells = ((self.codes[at] - cut.start) * mix.BINS + bins)[held]
        if levels is None:
            return np.bincount(cells, minlength=size * mix.BINS).reshape(1, size, mix.BINS)
        codes = self.codes[:, held]
        many = len(self.names) * size * mix.BINS
        counted = np.bincount((codes * size * mix.BINS + cells).ravel(), minlength=many)
        return counted.reshape(len(self.names), size, mix.BINS)[levels]
