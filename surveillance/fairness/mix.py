"""What a gap is made of: of who the cases are on the other axes, or of how they fare. Pure.

Every other axis is tried by itself; the one whose mix explains most is told. Intervals are those of
a bootstrap by patient, with a fixed seed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from surveillance.axes import is_cross, parts
from surveillance.fairness.cells import Cell
from surveillance.fairness.contrasts import Gap
from surveillance.fairness.counting import Group
from surveillance.fairness.design import Design
from surveillance.fairness.kinds import Measure
from surveillance.fairness.patients import Columns
from surveillance.measures import simpson
from surveillance.measures.intervals import Interval
from surveillance.measures.resampling import interval, tables
from surveillance.measures.simpson import Parted

Codes = NDArray[np.int64]
Table = NDArray[np.float64]
BINS: Final = 50
_HALF: Final = 0.5


@dataclass(frozen=True)
class Mix:
    """A gap in parts, standardised on one other axis.

    Attributes:
        gap: the whole, as seen.
        mix: what the mix on `axis` explains; its interval is None where it was not resampled.
        effect: what is left where like is compared with like.
        comparable: the share of the group's cases that have their like in the other group.
    """

    axis: str
    gap: Interval
    mix: Interval
    effect: Interval
    comparable: float

    @property
    def holds(self) -> bool:
        """Whether a gap is left where like is compared: its interval excludes none."""
        return not self.effect.low <= 0 <= self.effect.high

    @property
    def explains(self) -> bool:
        """Whether mix explains some of the gap: its interval excludes none, on the gap's side."""
        if self.gap.estimate > 0:
            return self.mix.low > 0
        return self.mix.high < 0

    @property
    def reverses(self) -> bool:
        """Whether within the strata the gap points the other way: Simpson's paradox."""
        if self.gap.estimate > 0:
            return self.effect.high < 0
        return self.effect.low > 0

    @property
    def weight(self) -> float:
        """How much of the gap the mix explains, and over how much of the group."""
        toward = self.mix.estimate * (1 if self.gap.estimate > 0 else -1)
        return toward if self.comparable >= _HALF else -1.0


def freedom_of(gap: Gap, design: Design) -> float:
    """Return how many degrees of freedom the less known side of a gap has."""
    contrast = gap.contrast
    group = Group(contrast.finding_key, contrast.axis, contrast.level)
    both = (design.of(group, [contrast.measure], is_rest=each) for each in (False, True))
    return min(worths[contrast.measure].freedom for worths in both)


def of_gap(of: Columns, gap: Gap, freedom: float = math.inf) -> Mix | None:
    """Part a gap on each other axis, and return the most telling; only that one is resampled."""
    seen = {
        name: parted
        for name in of.axes
        if not is_cross(name) and (parted := on(of, gap, name)) is not None
    }
    if not seen:
        return None
    return on(of, gap, max(seen, key=lambda name: seen[name].weight), freedom)


def on(of: Columns, gap: Gap, name: str, freedom: float | None = None) -> Mix | None:
    """Part a gap on one other axis; None where that has one level, or is part of the gap's own.

    With the degrees of freedom that its error is known with, its parts have intervals.
    """
    contrast, other = gap.contrast, of.axes[name]
    axis = of.axes.get(contrast.axis)
    if axis is None or contrast.level not in axis.names or len(other.names) == 1:
        return None
    if _parts(name) & _parts(contrast.axis):
        return None
    two = (axis.codes != axis.names.index(contrast.level)).astype(np.int64)
    # Of an axis with two levels the second is the other group; of more, all the others are.
    parted = _on(of, contrast.measure, two, other.codes, len(other.names), freedom)
    return None if parted is None else Mix(name, *parted)


def over_time(
    measure: Measure, earlier: Mapping[str, Cell], later: Mapping[str, Cell]
) -> tuple[float, float, float] | None:
    """Return the change of a rate, how much of it is mix, and the comparable share; from counts."""
    levels = sorted({*earlier, *later})
    table = np.array(
        [
            [_counts(measure, cells[level]) if level in cells else (0.0, 0.0) for level in levels]
            for cells in (later, earlier)
        ]
    )
    parted = simpson.of_rates(table[..., 0], table[..., 1])
    if not np.isfinite(parted.gap):
        return None
    return float(parted.gap), float(parted.mix), float(parted.comparable)


def _on(
    of: Columns, measure: Measure, two: Codes, strata: Codes, many: int, freedom: float | None
) -> tuple[Interval, Interval, Interval, float] | None:
    held, happened = events(of, measure)
    if not held.any():
        return None
    cell, patients = (two * many + strata)[held], of.patients[held]
    if measure is Measure.AREA:
        cells, size = _score_cells(of, held, cell, 2 * many)
        seen = _areas(np.bincount(cells, minlength=size), many)
        if freedom is None:
            return _intervals(seen, seen)
        drawn = tables(cells, patients, size, np.ones(len(cells))).astype(np.int64)
        return _intervals(seen, _areas(drawn, many), freedom)
    values, size = (happened[held], np.ones(len(cell))), 2 * many
    sums = [np.bincount(cell, weights=each, minlength=size).astype(np.float64) for each in values]
    parted = _rates(sums, many)
    if freedom is None:
        return _intervals(parted, parted)
    again = _rates([tables(cell, patients, size, v) for v in values], many)
    return _intervals(parted, again, freedom)


def events(of: Columns, measure: Measure) -> tuple[NDArray[np.bool_], Table]:
    """Return which records a measure is of, and what is averaged over them."""
    everything = np.ones(len(of), dtype=np.bool_)
    if measure is Measure.SENSITIVITY:
        return of.judged & (of.truths == 1), (of.flagged == 1).astype(np.float64)
    if measure is Measure.FALSE_ALARM_RATE:
        return of.judged & (of.truths == 0), (of.flagged == 1).astype(np.float64)
    if measure is Measure.CALIBRATION:
        return of.judged, of.scores - of.truths
    if measure is Measure.AREA:
        return of.judged, everything.astype(np.float64)
    by_rate = {
        Measure.FLAG_RATE: of.flagged == 1,
        Measure.SKIPPED_RATE: of.skipped,
        Measure.FAILED_RATE: of.failed,
    }
    return everything, by_rate[measure].astype(np.float64)


def _score_cells(of: Columns, held: NDArray[np.bool_], cell: Codes, many: int) -> tuple[Codes, int]:
    """Return a cell for each label, group, stratum and bin of score."""
    label = (of.truths[held] == 1).astype(np.int64)
    return (label * many + cell) * BINS + bins(of.scores[held]), 2 * many * BINS


def bins(scores: Table) -> Codes:
    """Return the bin of each score; all bins have about as many."""
    cuts = np.unique(np.quantile(scores, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.searchsorted(cuts, scores, side="right").astype(np.int64)


def _rates(sums: list[Table], many: int) -> Parted:
    events, cases = (each.reshape(*each.shape[:-1], 2, many) for each in sums)
    return simpson.of_rates(events, cases)


def _areas(counts: Codes, many: int) -> Parted:
    shaped = counts.reshape(*counts.shape[:-1], 2, 2, many, BINS)
    return simpson.of_areas(shaped[..., 1, :, :, :], shaped[..., 0, :, :, :])


def _intervals(
    seen: Parted, drawn: Parted, freedom: float = math.inf
) -> tuple[Interval, Interval, Interval, float] | None:
    gap = interval(float(seen.gap), drawn.gap, freedom)
    mix = interval(float(seen.mix), drawn.mix, freedom)
    effect = interval(float(seen.effect), drawn.effect, freedom)
    if gap is None or mix is None or effect is None:
        return None
    return gap, mix, effect, float(seen.comparable)


def _parts(axis: str) -> set[str]:
    return {*parts(axis)}


def _counts(measure: Measure, cell: Cell) -> tuple[float, float]:
    """Return events and cases of a measure that is a rate."""
    by_rate = {
        Measure.SENSITIVITY: (cell["tp"], float(cell.positives)),
        Measure.FALSE_ALARM_RATE: (cell["fp"], float(cell.negatives)),
        Measure.CALIBRATION: (cell["claim"] - cell.positives, cell["claimed"]),
        Measure.FLAG_RATE: (cell["flagged"], cell["n"]),
        Measure.SKIPPED_RATE: (cell["skipped"], cell["n"]),
        Measure.FAILED_RATE: (cell["failed"], cell["n"]),
    }
    return by_rate[measure]
