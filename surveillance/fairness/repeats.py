"""How much less certain each group's figures are because patients come again, from records. Pure.

Every measure is a mean over cases, or for an area of two means, so that leaving one patient out
moves it by a sum over that patient's cases (`measures.performance`, `measures.discrimination`).
All groups of a finding are reckoned at once: levels, what is left without each, and everybody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surveillance.axes import ALL
from surveillance.fairness.cells import Worth
from surveillance.fairness.counting import Group
from surveillance.fairness.design import Design, Which
from surveillance.fairness.kinds import Measure
from surveillance.fairness.pairing import kinds_of
from surveillance.fairness.patients import Columns
from surveillance.measures import clusters
from surveillance.measures.discrimination import placements

Table = NDArray[np.float64]
_TWO = 2
_NOTHING = 1e-12


def design(tables: Sequence[Columns], *, is_all: bool) -> Design:
    """Return what the records tell; `is_all`: they are all that there are, and no sample."""
    several = [_Patients(of) for of in tables if len(of)]
    comes_again = any(one.again for one in several)
    groups: dict[Which, Worth] = {}
    pooled: dict[Measure, list[tuple[float, float]]] = {}
    for one in several:
        for measure in (each for kind in kinds_of(one.of.finding_key) for each in kind.measures):
            found = _found(one, measure)
            # Of a sample nobody knows that those who came once do not come again.
            unsure = found.repeats | (comes_again and not is_all)
            freedom = np.where(unsure, found.freedom, np.inf)
            for place, (group, is_rest) in enumerate(one.groups):
                if found.cases[place] > 0:
                    worth = Worth(float(found.effect[place]), float(freedom[place]))
                    groups[Which(group, is_rest, measure)] = worth
            if found.cases[-1] > 0:
                everybody = (float(found.effect[-1]), float(found.cases[-1]))
                pooled.setdefault(measure, []).append(everybody)
    return Design({m: max(1.0, _mean(held)) for m, held in pooled.items()}, groups)


def _mean(held: Iterable[tuple[float, float]]) -> float:
    effects, cases = np.array([*held]).T
    return float(effects @ cases / cases.sum())


@dataclass(frozen=True)
class _Found:
    """What is known of each group; everybody is the last."""

    effect: Table
    freedom: Table
    cases: Table
    repeats: NDArray[np.bool_]


class _Patients:
    """The records of a finding by patient and group; only who comes again is kept apart."""

    def __init__(self, of: Columns) -> None:
        self.of = of
        _, patients, times = np.unique(of.patients, return_inverse=True, return_counts=True)
        is_again = times > 1
        self.again = int(is_again.sum())
        self._place = np.where(is_again, np.cumsum(is_again) - 1, -1)[patients]
        offsets = np.cumsum([0, *(len(axis.names) for axis in of.axes.values())])
        self._levels = int(offsets[-1])
        codes = [axis.codes + at for axis, at in zip(of.axes.values(), offsets, strict=False)]
        self._codes = np.array(codes, dtype=np.int64).reshape(len(codes), len(of))

    @cached_property
    def groups(self) -> list[tuple[Group, bool]]:
        key = self.of.finding_key
        levels = [Group(key, a, name) for a, axis in self.of.axes.items() for name in axis.names]
        rests = [(group, True) for group in levels]
        return [*((group, False) for group in levels), *rests, (Group(key, ALL, ALL), False)]

    def once(self, held: NDArray[np.bool_], values: Table) -> Table:
        """Return sums over those who came once, by group."""
        kept = held & (self._place < 0)
        codes = self._codes[:, kept]
        weights = np.broadcast_to(values[kept], codes.shape).ravel()
        levels: Any = np.bincount(codes.ravel(), weights=weights, minlength=self._levels)
        return _with_rests(levels, np.asarray(values[kept].sum()))

    def by_patient(self, held: NDArray[np.bool_], values: Table) -> Table:
        """Return sums of each who comes again, by group; shape (patients, groups)."""
        kept = held & (self._place >= 0)
        cells = self._place[kept] * self._levels + self._codes[:, kept]
        weights = np.broadcast_to(values[kept], cells.shape).ravel()
        size = self.again * self._levels
        sums: Any = np.bincount(cells.ravel(), weights=weights, minlength=size)
        total: Any = np.bincount(self._place[kept], weights=values[kept], minlength=self.again)
        return _with_rests(sums.reshape(self.again, self._levels), total)


def _with_rests(levels: Table, total: Table) -> Table:
    return np.concatenate([levels, total[..., None] - levels, total[..., None]], axis=-1)


@dataclass(frozen=True)
class _Mean:
    """A mean over cases in each group.

    Attributes:
        n: cases of each who comes again.
        moves: how far leaving each of them out moves the mean.
        once: the sum of the same squared, over those who came once.
        alone: the variance, were all cases independent.
    """

    n: Table
    n_once: Table
    moves: Table
    once: Table
    alone: Table

    @property
    def cases(self) -> Table:
        total: Table = self.n.sum(0) + self.n_once
        return total

    @property
    def powers(self) -> Table:
        return clusters.powers(self.n) + self.n_once


def _mean_of(one: _Patients, held: NDArray[np.bool_], values: Table) -> _Mean:
    ones = np.ones(len(values))
    n, x, q = (one.by_patient(held, each) for each in (ones, values, values**2))
    n_once, x_once, q_once = (one.once(held, each) for each in (ones, values, values**2))
    cases, sums, squares = n.sum(0) + n_once, x.sum(0) + x_once, q.sum(0) + q_once
    rate = sums / np.maximum(cases, 1)
    moves = (x - rate * n) / np.maximum(cases - n, 1)
    off_once = np.maximum(q_once - 2 * rate * x_once + rate**2 * n_once, 0)
    once = off_once / np.maximum(cases - 1, 1) ** 2
    alone = np.maximum(squares - rate * sums, 0) / np.maximum(cases, 1) ** 2
    return _Mean(n, n_once, moves, once, alone)


def _found(one: _Patients, measure: Measure) -> _Found:
    means = [_mean_of(one, held, values) for held, values in _components(one.of, measure)]
    cases: Any = sum(m.cases for m in means)
    many: Any = sum(m.n for m in means)
    patients: Any = (many > 0).sum(0) + sum(m.n_once for m in means)
    moved: Any = sum(m.moves for m in means)
    between = np.maximum(patients - 1, 0) / np.maximum(patients, 1)
    together = between * ((moved**2).sum(0) + sum(m.once for m in means))
    alone: Any = sum(m.alone for m in means)
    # Without any spread nothing tells how alike a patient's cases are: take them as one.
    is_told = (alone > _NOTHING) & (patients >= _TWO)
    as_one = cases / np.maximum(patients, 1)
    effect = np.divide(together, alone, out=np.asarray(as_one, dtype=np.float64), where=is_told)
    told = np.where(is_told, effect, np.inf)
    free = np.min([clusters.freedom(m.powers, told) for m in means], axis=0)
    repeats = np.any([m.powers[1] > m.powers[0] for m in means], axis=0)
    return _Found(effect, free, np.min([m.cases for m in means], axis=0), repeats)


def _components(of: Columns, measure: Measure) -> list[tuple[NDArray[np.bool_], Table]]:
    """Return the means that a measure is made of: which records, and what of them."""
    everything = np.ones(len(of), dtype=np.bool_)
    flags, truths = (of.flagged == 1).astype(np.float64), of.truths == 1
    up, down = of.judged & truths, of.judged & ~truths
    if measure is Measure.AREA:
        # How each ranks among all others of the finding: near enough for a ratio.
        above, below = np.zeros(len(of)), np.zeros(len(of))
        if up.any() and down.any():
            above[up], below[down] = placements(of.scores[up], of.scores[down])
        return [(up, above), (down, below)]
    by_measure = {
        Measure.SENSITIVITY: (up, flags),
        Measure.FALSE_ALARM_RATE: (down, flags),
        Measure.CALIBRATION: (of.judged, np.where(of.judged, of.scores - truths, 0.0)),
        Measure.FLAG_RATE: (everything, flags),
        Measure.SKIPPED_RATE: (everything, of.skipped.astype(np.float64)),
        Measure.FAILED_RATE: (everything, of.failed.astype(np.float64)),
    }
    return [by_measure[measure]]
