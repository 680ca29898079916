"""Several numbers of the same cases as one stream: it moves when any of them does. Pure.

Each number is bet on as a stream of its own, and the stakes are divided among them: the detector's
level is the mean of theirs. Its mean without a change is at most that of one of them, however much
they depend on each other (Vovk and Wang, Annals of Statistics 2021;49:1736).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import ndtri

from surveillance.measures import bets
from surveillance.measures.bets import Bets
from surveillance.measures.histogram import Counts, valued
from surveillance.measures.intervals import Interval, of_mean_rank
from surveillance.measures.ranks import NO_SHIFT, mean_rank, of_shift, ranks
from surveillance.streams.packing import packed
from surveillance.streams.samples import Asked, Ranked, of_one_day


@dataclass(frozen=True)
class Together:
    """Numbers that are each held against a reference; all have the same days.

    Attributes:
        told: says of one of the numbers, and whether it is beyond what is tolerated, what moved.
    """

    asked: Asked
    numbers: tuple[Ranked, ...]
    told: Callable[[int, bool], str]

    @property
    def cases(self) -> Counts:
        return self.numbers[0].cases

    @property
    def normal(self) -> float:
        return NO_SHIFT

    @property
    def shape(self) -> Hashable:
        return (Together, *(number.shape for number in self.numbers))

    def fault(self) -> str | None:
        return next((fault for each in self.numbers if (fault := each.fault())), None)

    def event(self) -> str | None:
        return next((event for each in self.numbers if (event := each.event())), None)

    def interval(self, first: int, between: float) -> Interval:
        """Return the mean rank of the number that moved most.

        Its interval holds for all of them at once (Bonferroni): which one it is was looked for.
        """
        place, mean = self._moved(first)
        n = int(valued(self.numbers[place].counts[first:]).sum())
        z = float(ndtri(1 - 0.025 / len(self.numbers)))
        return of_mean_rank(mean, n, between * of_one_day(self.cases[first:]), z)

    def reliance(self, first: int) -> str:
        place, mean = self._moved(first)
        is_beyond = abs(mean - NO_SHIFT) > float(of_shift(self.numbers[place].shift))
        told = self.told(place, is_beyond)
        return f"{told}; {self.asked.reliance}" if self.asked.reliance else told

    def _moved(self, first: int) -> tuple[int, float]:
        """Return which number's mean rank is furthest from one half, and that rank."""
        means = [
            mean_rank(number.counts[first:].sum(axis=0), of)
            for number, of in zip(self.numbers, self._ranks, strict=True)
        ]
        place = int(np.argmax(np.abs(np.array(means) - NO_SHIFT)))
        return place, means[place]

    @cached_property
    def _ranks(self) -> "list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]":
        return [ranks(number.reference) for number in self.numbers]

    @staticmethod
    def bets(samples: Sequence["Together"]) -> Bets:
        each = [
            bets.on_scores(
                packed([number.counts for number in same]),
                np.stack([number.reference for number in same]),
                np.array([number.shift for number in same]),
            )
            for same in zip(*(sample.numbers for sample in samples), strict=True)
        ]
        # Days are followed on the number that moved most; no classical chart has a limit for many.
        most = [sample._moved(0)[0] for sample in samples]  # noqa: SLF001 - its own
        total, n, between = (
            np.stack([getattr(each[number], name)[row] for row, number in enumerate(most)])
            for name in ("total", "n", "between")
        )
        log_e = np.concatenate([one.log_e for one in each], axis=-1)
        return Bets(log_e, np.zeros(n.shape), total, n, each[0].low, each[0].high, between)
