"""A forest plot: one estimate with its interval for each group, against what is tolerated."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vigil.kernel.web.charts.axis import Axis, spanning, write

WIDTH = 760
_LEFT, _RIGHT, _TOP, _ROW = 250, 550, 44, 28


@dataclass(frozen=True)
class Estimate:
    """A group's estimate and interval. No value: too few data to say anything."""

    label: str
    n: int
    value: float | None = None
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Mark:
    """One row: `clipped_*` says that the interval goes on beyond the axis."""

    y: float
    label: str
    text: str
    breached: bool = False
    x: float | None = None
    low: float = 0.0
    high: float = 0.0
    clipped_low: bool = False
    clipped_high: bool = False


@dataclass(frozen=True)
class ForestPlot:
    """Estimates by group.

    Attributes:
        key: unique in the page.
        title: what is measured.
        reference: the value of everybody together.
        tolerated: a group breaches when its whole interval lies beyond this.
        groups: the estimates, in the order of the plot.
        percent: the values are shares.
        worse_above: beyond means above, as for an override rate; else below, as for sensitivity.
    """

    key: str
    title: str
    reference: float
    tolerated: float
    groups: Sequence[Estimate]
    percent: bool = False
    worse_above: bool = False

    width = WIDTH
    left = _LEFT
    right = _RIGHT
    top = _TOP

    @property
    def breached(self) -> list[str]:
        return [group.label for group in self.groups if self._breaches(group)]

    @property
    def has_signal(self) -> bool:
        return bool(self.breached)

    @property
    def sentence(self) -> str:
        if not self.groups:
            return f"{self.title}: there are no groups yet."
        judged = sum(group.value is not None for group in self.groups)
        few = len(self.groups) - judged
        where = f"wholly {self._beyond} {self.write(self.tolerated)}"
        text = f"{len(self.breached)} of {judged} groups lie {where}"
        return f"{self.title}: {text}." + (f" {few} had too few data." if few else "")

    @property
    def callout(self) -> str | None:
        return f"{self._verdict}: {', '.join(self.breached)}." if self.breached else None

    @property
    def height(self) -> int:
        return _TOP + _ROW * len(self.groups) + 40

    @property
    def bottom(self) -> int:
        return _TOP + _ROW * len(self.groups)

    @cached_property
    def axis(self) -> Axis:
        """Show every estimate; an interval far wider than the rest is clipped with an arrow."""
        judged = [group for group in self.groups if group.value is not None]
        values = [self.reference, self.tolerated, *(group.value or 0.0 for group in judged)]
        spread = (max(values) - min(values)) or abs(self.reference) or 1.0
        near = [bound for group in judged for bound in (group.low, group.high)]
        shown = [b for b in near if min(values) - spread <= b <= max(values) + spread]
        return spanning([*values, *shown], _LEFT, _RIGHT, percent=self.percent)

    @property
    def reference_x(self) -> float:
        return self.axis.at(self.reference)

    @property
    def tolerated_x(self) -> float:
        return self.axis.at(self.tolerated)

    @property
    def marks(self) -> list[Mark]:
        return [self._mark(index, group) for index, group in enumerate(self.groups)]

    @property
    def rows(self) -> list[list[str]]:
        """The table under the plot."""
        return [
            [
                group.label,
                f"{group.n:,}",
                *self._cells(group),
                self._verdict if self._breaches(group) else "",
            ]
            for group in self.groups
        ]

    def write(self, value: float) -> str:
        return write(value, percent=self.percent)

    def _cells(self, group: Estimate) -> list[str]:
        if group.value is None:
            return ["Too few data", "", ""]
        return [self.write(value) for value in (group.value, group.low, group.high)]

    def _breaches(self, group: Estimate) -> bool:
        if group.value is None:
            return False
        return group.low > self.tolerated if self.worse_above else group.high < self.tolerated

    @property
    def _beyond(self) -> str:
        return "above" if self.worse_above else "below"

    @property
    def _verdict(self) -> str:
        return f"{self._beyond.capitalize()} what is tolerated"

    def _mark(self, index: int, group: Estimate) -> Mark:
        y = _TOP + _ROW * (index + 0.5)
        label = f"{group.label} (n = {group.n:,})"
        if group.value is None:
            return Mark(y, label, "Too few data")
        value, low, high = self._cells(group)
        axis = self.axis
        return Mark(
            y,
            label,
            f"{value} ({low} to {high})",
            self._breaches(group),
            axis.at(axis.inside(group.value)),
            axis.at(axis.inside(group.low)),
            axis.at(axis.inside(group.high)),
            group.low < axis.low,
            group.high > axis.high,
        )
