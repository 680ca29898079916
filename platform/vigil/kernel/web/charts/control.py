"""A control chart: one value a period, between limits, with the two rules that make it a signal.

A value outside its 3-sigma limits, or eight in a row on one side of the centre (Western Electric
rule 4; Nelson 1984 rule 2 uses nine): the limits alone miss a lasting small shift.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from vigil.kernel.web.charts.axis import Axis, Tick, spanning, write

RUN_LENGTH = 8
WIDTH, HEIGHT = 760, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 730, 36, 250
_MOST_LABELS = 8
_NAME = 150  # the room that the name of a point takes


class Kind(StrEnum):
    """How a point is drawn: circle, diamond, square."""

    INSIDE = "inside"
    OUT = "out"
    RUN = "run"


@dataclass(frozen=True)
class Period:
    """A value with the limits of its own sample size. No value: too few data, or none."""

    label: str
    value: float | None
    lower: float
    upper: float
    n: int


@dataclass(frozen=True)
class Marker:
    """Something that happened in a period: `text` says what, and when."""

    period: int
    text: str


@dataclass(frozen=True)
class Point:
    """A value as drawn; `is_named`: there is room to write what it is beside it."""

    x: float
    y: float
    kind: Kind
    label: str
    text: str
    is_named: bool = False


@dataclass(frozen=True)
class ControlChart:
    """Values by period.

    Attributes:
        key: unique in the page.
        title: what is measured.
        centre: the expected value.
        markers: what happened meanwhile; numbered from one in the drawing.
    """

    key: str
    title: str
    centre: float
    periods: Sequence[Period]
    percent: bool = False
    markers: Sequence[Marker] = ()

    width = WIDTH
    height = HEIGHT
    left = _LEFT
    right = _RIGHT
    bottom = _BOTTOM

    @cached_property
    def kinds(self) -> list[Kind | None]:
        """What the rules say of each period; None where there is no value."""
        runs = self._in_runs()
        return [
            None
            if period.value is None
            else Kind.OUT
            if not period.lower <= period.value <= period.upper
            else Kind.RUN
            if index in runs
            else Kind.INSIDE
            for index, period in enumerate(self.periods)
        ]

    @property
    def out_of_limits(self) -> list[str]:
        return self._labels(Kind.OUT)

    @property
    def has_run(self) -> bool:
        return bool(self._in_runs())

    @property
    def has_signal(self) -> bool:
        return self.has_run or bool(self.out_of_limits)

    @property
    def sentence(self) -> str:
        """Say what the chart shows, from the same rules that mark its points."""
        counted = [period for period in self.periods if period.value is not None]
        if not counted:
            return f"{self.title}: there are no values yet."
        last = counted[-1]
        latest = f"{last.label} was {self.write(last.value or 0.0)}, expected {self.expected}"
        outside = f"{len(self.out_of_limits)} of {len(counted)} values are outside the limits"
        run = f", and {RUN_LENGTH} or more in a row are on one side" if self.has_run else ""
        return f"{self.title}: {latest}. {outside}{run}.{self._gaps()}"

    @property
    def callout(self) -> str | None:
        """Say what is out of control; nothing where nothing is."""
        found = []
        if self.out_of_limits:
            found.append(f"outside the limits: {', '.join(self.out_of_limits)}")
        if self.has_run:
            found.append(f"{RUN_LENGTH} or more in a row on one side: a lasting shift")
        text = "; ".join(found)
        return f"{text[:1].upper()}{text[1:]}." if found else None

    @property
    def expected(self) -> str:
        return self.write(self.centre)

    @cached_property
    def axis(self) -> Axis:
        values = [self.centre]
        for period in self.periods:
            values += [period.lower, period.upper]
            values += [] if period.value is None else [period.value]
        return spanning(values, _BOTTOM, _TOP, percent=self.percent)

    @property
    def centre_y(self) -> float:
        return self.axis.at(self.centre)

    @property
    def points(self) -> list[Point]:
        named = self._named()
        return [
            Point(
                self._x(index),
                self.axis.at(period.value),
                kind,
                period.label,
                self.write(period.value),
                index in named,
            )
            for index, (period, kind) in enumerate(zip(self.periods, self.kinds, strict=True))
            if period.value is not None and kind is not None
        ]

    @property
    def line(self) -> str:
        """The path through the values; a missing one leaves a gap."""
        path, pen_down = "", False
        for index, period in enumerate(self.periods):
            if period.value is not None:
                at = self.axis.at(period.value)
                path += f"{'L' if pen_down else 'M'}{self._x(index)} {at}"
            pen_down = period.value is not None
        return path

    @property
    def limits(self) -> tuple[str, str]:
        return self._steps([p.lower for p in self.periods]), self._steps(
            [p.upper for p in self.periods]
        )

    @property
    def labels(self) -> list[Tick]:
        every = -(-len(self.periods) // _MOST_LABELS) or 1
        return [
            Tick(self._x(index), period.label)
            for index, period in enumerate(self.periods)
            if index % every == 0
        ]

    @property
    def marks(self) -> list[Tick]:
        """Where markers stand: at the start of their period, under their numbers."""
        numbers: dict[int, list[int]] = {}
        for number, marker in enumerate(self.markers, start=1):
            numbers.setdefault(marker.period, []).append(number)
        return [
            Tick(self._x(period - 0.5), ", ".join(map(str, of))) for period, of in numbers.items()
        ]

    @property
    def rows(self) -> list[list[str]]:
        """The table under the chart."""
        words = {Kind.OUT: "Outside the limits", Kind.RUN: "In a run", Kind.INSIDE: "Inside"}
        return [
            [
                period.label,
                "Too few data" if period.value is None else self.write(period.value),
                self.write(period.lower),
                self.write(period.upper),
                f"{period.n:,}",
                "No verdict" if kind is None else words[kind],
            ]
            for period, kind in zip(self.periods, self.kinds, strict=True)
        ]

    def write(self, value: float) -> str:
        return write(value, percent=self.percent)

    def _labels(self, kind: Kind) -> list[str]:
        return [
            period.label
            for period, found in zip(self.periods, self.kinds, strict=True)
            if found is kind
        ]

    def _gaps(self) -> str:
        missing = sum(period.value is None for period in self.periods)
        if not missing:
            return ""
        return f" {missing} {'period' if missing == 1 else 'periods'} had too few data."

    def _in_runs(self) -> set[int]:
        found: set[int] = set()
        run: list[int] = []
        side = 0
        for index, period in enumerate(self.periods):
            now = 0 if period.value is None else _side(period.value, self.centre)
            run = [*run, index] if now == side and now else [index]
            side = now
            if now and len(run) >= RUN_LENGTH:
                found.update(run)
        return found

    def _x(self, index: float) -> float:
        slot = (_RIGHT - _LEFT) / max(len(self.periods), 1)
        return round(_LEFT + slot * (index + 0.5), 1)

    def _named(self) -> set[int]:
        """Return the points outside the limits that are named, the latest first of neighbours."""
        found: set[int] = set()
        last = float("inf")
        for index in reversed(range(len(self.kinds))):
            if self.kinds[index] is Kind.OUT and last - self._x(index) >= _NAME:
                found.add(index)
                last = self._x(index)
        return found

    def _steps(self, values: Sequence[float]) -> str:
        """Return the path of a limit; a period without a case has none, and leaves a gap."""
        path, pen_down = "", False
        for index, (value, period) in enumerate(zip(values, self.periods, strict=True)):
            if period.n:
                start, end, y = self._x(index - 0.5), self._x(index + 0.5), self.axis.at(value)
                path += f"{'L' if pen_down else 'M'}{start} {y}L{end} {y}"
            pen_down = period.n > 0
        return path


def _side(value: float, centre: float) -> int:
    return (value > centre) - (value < centre)
