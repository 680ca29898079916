"""A course: one estimate a period with its 95% interval, beside what is expected and tolerated.

A control chart asks whether a value is more than chance; this asks whether it is more than is
tolerated, and how well the period alone can tell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vigil.kernel.web.charts.axis import Axis, spanning
from vigil.kernel.web.charts.control import ControlChart, Kind

_TOP, _BOTTOM = 36, 250


@dataclass(frozen=True)
class Whisker:
    """An interval as drawn."""

    x: float
    low: float
    high: float


@dataclass(frozen=True)
class CourseChart(ControlChart):
    """Estimates by period; each period's limits are those of its interval.

    Attributes:
        tolerated: the least and the largest value that is tolerated.
        told: what a daily look says of the same numbers; it goes before the chart's own sentence.
    """

    tolerated: tuple[float, float] = (0.0, 0.0)
    told: str = ""

    @cached_property
    def kinds(self) -> list[Kind | None]:
        """Diamond: the whole interval is beyond what is tolerated; square: the estimate is."""
        low, high = self.tolerated
        return [
            None
            if period.value is None
            else Kind.OUT
            if period.upper < low or period.lower > high
            else Kind.INSIDE
            if low <= period.value <= high
            else Kind.RUN
            for period in self.periods
        ]

    @property
    def sentence(self) -> str:
        counted = [period for period in self.periods if period.value is not None]
        if not counted:
            return f"{self.told} There are no values yet.".lstrip()
        last = counted[-1]
        beyond = sum(kind in {Kind.OUT, Kind.RUN} for kind in self.kinds)
        latest = (
            f"In the week of {last.label} it was {self.write(last.value or 0.0)} "
            f"({self.write(last.lower)} to {self.write(last.upper)})"
        )
        weeks = f"{beyond} of {len(counted)} weeks are beyond what is tolerated"
        return f"{self.told} {latest}, expected {self.expected}. {weeks}.".lstrip()

    @property
    def callout(self) -> str | None:
        if not self.out_of_limits:
            return None
        return f"The whole interval is beyond what is tolerated: {', '.join(self.out_of_limits)}."

    @cached_property
    def axis(self) -> Axis:
        values = [self.centre, *self.tolerated]
        for period in self.periods:
            if period.value is not None:
                values += [period.lower, period.value, period.upper]
        return spanning(values, _BOTTOM, _TOP, percent=self.percent)

    @property
    def bounds(self) -> Sequence[float]:
        """Where the lines of what is tolerated stand."""
        return [self.axis.at(value) for value in self.tolerated]

    @property
    def whiskers(self) -> list[Whisker]:
        return [
            Whisker(self._x(index), self.axis.at(period.lower), self.axis.at(period.upper))
            for index, period in enumerate(self.periods)
            if period.value is not None
        ]

    @property
    def rows(self) -> list[list[str]]:
        words = {
            Kind.OUT: "Beyond what is tolerated",
            Kind.RUN: "Beyond, or chance",
            Kind.INSIDE: "Tolerated",
        }
        return [
            [
                period.label,
                "Too few data" if period.value is None else self.write(period.value),
                "" if period.value is None else self.write(period.lower),
                "" if period.value is None else self.write(period.upper),
                f"{period.n:,}",
                "No verdict" if kind is None else words[kind],
            ]
            for period, kind in zip(self.periods, self.kinds, strict=True)
        ]
