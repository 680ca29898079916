"""By how much each group's figures are less certain because patients come again. Pure.

Found in records (`repeats`), and used where figures come from counts, which know no patient.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from surveillance.fairness.cells import Worth
from surveillance.fairness.counting import Group
from surveillance.fairness.kinds import Measure
from surveillance.measures.clusters import LEAST


class Which(NamedTuple):
    """A group, or all the others of its axis together, on one measure."""

    group: Group
    is_rest: bool
    measure: Measure


@dataclass(frozen=True)
class Design:
    """What the records tell of each group.

    Attributes:
        pooled: the mean over all findings and groups: no group is taken to be more certain, as
            that of one group is known from few patients.
        groups: what its own patients tell.
    """

    pooled: Mapping[Measure, float] = field(default_factory=dict)
    groups: Mapping[Which, Worth] = field(default_factory=dict)

    def of(
        self, group: Group, measures: Iterable[Measure], *, is_rest: bool = False
    ) -> dict[Measure, Worth]:
        return {each: self._of(Which(group, is_rest, each)) for each in measures}

    def _of(self, which: Which) -> Worth:
        floor = self.pooled.get(which.measure)
        if floor is None:
            return Worth()
        if which in self.groups:
            own = self.groups[which]
            return Worth(max(own.effect, floor), own.freedom)
        return self._unseen[which.measure]

    @cached_property
    def _unseen(self) -> Mapping[Measure, Worth]:
        """What is taken of groups of which no record was read: the worst, and hardly known."""
        found = {}
        for measure, floor in self.pooled.items():
            known = [one for which, one in self.groups.items() if which.measure is measure]
            comes_again = any(math.isfinite(one.freedom) for one in known)
            worst = max((one.effect for one in known), default=floor)
            found[measure] = Worth(max(worst, floor), LEAST if comes_again else math.inf)
        return found


INDEPENDENT: Final = Design()
