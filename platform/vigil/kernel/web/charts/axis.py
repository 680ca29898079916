"""From values to places on the drawing, with round numbers as ticks; and how values are written."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Axis:
    """Values from `low` to `high` on places from `start` to `end`, either way round."""

    low: float
    high: float
    start: float
    end: float
    percent: bool = False

    def at(self, value: float) -> float:
        """Return the place of a value, rounded so that the markup stays small."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def inside(self, value: float) -> float:
        """Return the value, or the nearest one that the axis shows."""
        return min(max(value, self.low), self.high)

    def ticks(self, count: int = 5) -> list[Tick]:
        step = _round_step((self.high - self.low) / count)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        values = [index * step for index in range(first, last + 1)]
        return [Tick(self.at(value), self.write(value, step)) for value in values]

    def write(self, value: float, step: float | None = None) -> str:
        return write(value, percent=self.percent, step=step)


def spanning(
    values: Iterable[float], start: float, end: float, *, percent: bool = False, room: float = 0.06
) -> Axis:
    """Return the axis that shows all values with some room around them."""
    found = list(values) or [0.0, 1.0]
    low, high = min(found), max(found)
    spare = (high - low) * room or abs(high) * room or 1.0
    bottom = max(0.0, low - spare) if low >= 0 else low - spare
    return Axis(bottom, high + spare, start, end, percent)


def write(value: float, *, percent: bool, step: float | None = None) -> str:
    """Write a value as people read it: `12.5%`, `0.83`, `1,240`."""
    shown = value * 100 if percent else value
    shown_step = None if step is None else step * 100 if percent else step
    digits = _digits(shown) if shown_step is None else _step_digits(shown_step)
    return f"{shown:,.{digits}f}{'%' if percent else ''}"


def _round_step(rough: float) -> float:
    size = 10.0 ** math.floor(math.log10(rough))
    return next(step * size for step in _STEPS if step * size >= rough - 1e-12)


def _digits(value: float) -> int:
    return 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004 - three figures


def _step_digits(step: float) -> int:
    return next(digits for digits in range(10) if abs(round(step, digits) - step) < 1e-9 * step)
