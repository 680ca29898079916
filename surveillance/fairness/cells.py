"""What was counted of a group, and the figures that come of it without looking at a single record.

Cells of days, levels and sites add up. They know no patient, and cases of one patient are not
independent: how much less certain that makes the figures is given from outside (`repeats.design`).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from surveillance.fairness.contrasts import Side
from surveillance.fairness.kinds import Measure
from surveillance.measures import batch_area
from surveillance.measures.gaps import Estimate, Scale
from surveillance.measures.histogram import Counts, valued

# The numbers of a cell, in this order.
NUMBERS: Final = (
    "n", "flagged", "skipped", "failed", "tp", "fp", "tn", "fn", "claimed", "claim", "brier",
)  # fmt: skip
OF_AGGREGATES: Final = NUMBERS[:4]
OF_TRUTH: Final = NUMBERS[4:]
_AT: Final = {name: place for place, name in enumerate(NUMBERS)}
_COUNTED: Final = {
    Measure.FLAG_RATE: "flagged",
    Measure.SKIPPED_RATE: "skipped",
    Measure.FAILED_RATE: "failed",
}
_LEAST_AREA = 1e-3


class Worth(NamedTuple):
    """How certain a figure is: as if all cases were independent, unless something else is known.

    Attributes:
        effect: by how much the variance is larger because patients come again.
        freedom: the degrees of freedom that this is known with.
    """

    effect: float = 1.0
    freedom: float = math.inf


Worths = Mapping[Measure, Worth]
_INDEPENDENT: Final = Worth()
ALL_INDEPENDENT: Final[Worths] = {}


@dataclass(frozen=True)
class Cell:
    """Sums, and the scores of those with and without the finding on the edges of each reference."""

    numbers: NDArray[np.float64]
    scores: Mapping[str, Counts] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        return float(self.numbers[_AT[name]])

    @property
    def positives(self) -> int:
        return round(self["tp"] + self["fn"])

    @property
    def negatives(self) -> int:
        return round(self["fp"] + self["tn"])


def empty() -> NDArray[np.float64]:
    return np.zeros(len(NUMBERS))


def added(cells: Iterable[Cell]) -> Cell:
    """Return all of them together."""
    numbers, scores = empty(), dict[str, Counts]()
    for cell in cells:
        numbers += cell.numbers
        for reference, counts in cell.scores.items():
            scores[reference] = scores[reference] + counts if reference in scores else counts
    return Cell(numbers, scores)


def sides(
    cell: Cell, worths: Worths = ALL_INDEPENDENT, measures: Iterable[Measure] = tuple(Measure)
) -> dict[Measure, Side]:
    """Return the group's figures, those that its cases allow."""
    found = {}
    for measure in measures:
        side = _side(cell, measure)
        worth = worths.get(measure, _INDEPENDENT)
        if side.estimate is not None and worth != _INDEPENDENT:
            side = replace(side, estimate=_widened(side.estimate, worth))
        found[measure] = side
    return found


def _widened(estimate: Estimate, worth: Worth) -> Estimate:
    # The spread of a share is that of its variance, others' that of their error.
    factor = worth.effect if estimate.scale is Scale.SHARE else math.sqrt(worth.effect)
    return replace(estimate, spread=estimate.spread * factor, freedom=worth.freedom)


def _side(cell: Cell, measure: Measure) -> Side:
    positives, negatives, n = cell.positives, cell.negatives, round(cell["n"])
    rarer = min(positives, negatives)
    match measure:
        case Measure.SENSITIVITY:
            return Side(positives, rarer, _share(cell["tp"], positives))
        case Measure.FALSE_ALARM_RATE:
            return Side(negatives, rarer, _share(cell["fp"], negatives))
        case Measure.AREA:
            return Side(rarer, rarer, _area(cell))
        case Measure.CALIBRATION:
            return Side(positives + negatives, rarer, _claims(cell))
        case Measure.FLAG_RATE | Measure.SKIPPED_RATE | Measure.FAILED_RATE:
            return Side(n, n, _share(cell[_COUNTED[measure]], n))


def _share(events: float, n: int) -> Estimate | None:
    return Estimate.of_share(min(1.0, max(0.0, events / n)), n) if n > 0 else None


def _claims(cell: Cell) -> Estimate | None:
    """Return the mean claim less the truth; None where some scores are no probabilities."""
    n = cell.positives + cell.negatives
    if n == 0 or round(cell["claimed"]) != n:
        return None
    gap = (cell["claim"] - cell.positives) / n
    variance = max(cell["brier"] / n - gap**2, 0.0)
    return Estimate.of_mean(gap, math.sqrt(variance / n))


def _area(cell: Cell) -> Estimate | None:
    """Return the area, of cases that one reference's edges counted, each weighted by its pairs."""
    parts = [
        (batch_area.area(up, down), valued(up).sum(), valued(down).sum())
        for up, down in cell.scores.values()
        if valued(up).sum() and valued(down).sum()
    ]
    if not parts:
        return None
    areas, m, n = (np.array(column) for column in zip(*parts, strict=True))
    share = (m * n / (m + n)) / (m * n / (m + n)).sum()
    value = float(share @ areas)
    error = math.sqrt(float(share**2 @ batch_area.error(areas, m, n) ** 2))
    inside = min(max(value, _LEAST_AREA), 1 - _LEAST_AREA)
    # As large on the logit: the interval then stays within 0 and 1.
    return Estimate(value, Scale.AREA, error / (inside * (1 - inside)))
