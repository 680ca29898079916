"""The area under the curve of labelled cases as a sample: one stream at a time, in batches."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from surveillance.measures import batch_area, bets
from surveillance.measures.bets import Bets
from surveillance.measures.histogram import Counts, valued
from surveillance.measures.intervals import Z95, Interval
from surveillance.streams.samples import Asked


@dataclass(frozen=True)
class Ordered:
    """How well scores order the labelled; counts are (days, slots). A case is a positive."""

    asked: Asked
    positives: Counts
    negatives: Counts
    expected: float
    tolerance: float

    @property
    def cases(self) -> Counts:
        found: Counts = valued(self.positives).sum(axis=1)
        return found

    @property
    def normal(self) -> float:
        return self.expected

    @property
    def shape(self) -> Hashable:
        # Batches end on days of their own, so that each is judged alone.
        return (Ordered, self.asked.stream)

    def fault(self) -> str | None:
        if not 0 < self.expected <= 1:
            return f"the area of its reference is {self.expected}"
        return None

    def event(self) -> None:
        return None

    def interval(self, first: int, between: float) -> Interval:
        up, down = self.positives[first:].sum(0), self.negatives[first:].sum(0)
        m, n = valued(up).sum(), valued(down).sum()
        found = batch_area.area(up, down)
        half = Z95 * float(batch_area.error(found, m, n)) if m and n else 0.5
        at = float(found)
        return Interval(at, max(0.0, at - half), min(1.0, at + half))

    def reliance(self, first: int) -> str:
        return self.asked.reliance

    @staticmethod
    def bets(samples: Sequence["Ordered"]) -> Bets:
        (one,) = samples
        found = bets.on_area(one.positives, one.negatives, one.expected, one.tolerance)
        return Bets(**{name: np.asarray(value)[None] for name, value in vars(found).items()})
