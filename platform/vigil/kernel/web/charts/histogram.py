"""A histogram of now against the reference: shares of each bin, bars against a stepped line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vigil.kernel.web.charts.axis import Axis, Tick, write

WIDTH, HEIGHT = 760, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 730, 24, 230
_MOST_LABELS = 11


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Histogram:
    """Attributes: edges: one more than there are bins; now, reference: counts of each bin."""

    key: str
    title: str
    edges: Sequence[float]
    now: Sequence[int]
    reference: Sequence[int]

    width = WIDTH
    height = HEIGHT
    left = _LEFT
    right = _RIGHT
    bottom = _BOTTOM
    callout = None

    @property
    def sentence(self) -> str:
        if not sum(self.now):
            return f"{self.title}: there are no values yet."
        if not sum(self.reference):
            return f"{self.title}: {sum(self.now):,} values, and no reference to compare with."
        apart = [abs(a - b) for a, b in zip(self._now, self._reference, strict=True)]
        worst = apart.index(max(apart))
        shares = (
            f"{_share(self._now[worst])} now, {_share(self._reference[worst])} in the reference"
        )
        return f"{self.title}: the greatest difference is at {self._bin(worst)}: {shares}."

    @cached_property
    def axis(self) -> Axis:
        return Axis(0, max([*self._now, *self._reference, 0.01]) * 1.08, _BOTTOM, _TOP, True)

    @property
    def bars(self) -> list[Bar]:
        return [
            Bar(
                self._x(index) + 1,
                self.axis.at(share),
                round(self._x(index + 1) - self._x(index) - 2, 1),
                round(_BOTTOM - self.axis.at(share), 1),
            )
            for index, share in enumerate(self._now)
        ]

    @property
    def step(self) -> str:
        path = f"M{_LEFT} {_BOTTOM}"
        for index, share in enumerate(self._reference):
            y = self.axis.at(share)
            path += f"L{self._x(index)} {y}L{self._x(index + 1)} {y}"
        return f"{path}L{_RIGHT} {_BOTTOM}"

    @property
    def labels(self) -> list[Tick]:
        every = -(-len(self.edges) // _MOST_LABELS)
        return [
            Tick(self._x(index), self._edge(edge))
            for index, edge in enumerate(self.edges)
            if index % every == 0
        ]

    @property
    def rows(self) -> list[list[str]]:
        """The table under the chart."""
        return [
            [self._bin(i), f"{self.now[i]:,}", _share(self._now[i]), _share(self._reference[i])]
            for i in range(len(self.now))
        ]

    @cached_property
    def _now(self) -> list[float]:
        return _shares(self.now)

    @cached_property
    def _reference(self) -> list[float]:
        return _shares(self.reference)

    def _x(self, index: int) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * index / max(len(self.edges) - 1, 1), 1)

    def _bin(self, index: int) -> str:
        low, high = self.edges[index], self.edges[index + 1]
        return f"{self._edge(low)} to {self._edge(high)}"

    def _edge(self, value: float) -> str:
        """Write an edge with as many digits as bins this narrow need."""
        narrow = (self.edges[-1] - self.edges[0]) / max(len(self.edges) - 1, 1)
        step = 10.0 ** min(-2, math.floor(math.log10(narrow))) if narrow > 0 else None
        return write(value, percent=False, step=step)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total if total else 0.0 for count in counts]


def _share(value: float) -> str:
    return write(value, percent=True)
