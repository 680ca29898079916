"""A funnel plot: each site's rate against its number of cases, inside limits that narrow with it.

Limits at 95 % and 99.8 % around a common rate (Spiegelhalter, Statistics in Medicine 2005;24:1185),
from the score test, so that they stay inside 0 and 1. A small site may lie far from the common rate
by chance: the funnel says how far, where a league table would rank it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import sqrt

from vigil.kernel.web.charts.axis import Axis, spanning, write

Z95, Z998 = 1.959963984540054, 3.090232306167813
WIDTH, HEIGHT = 760, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 690, 36, 270
_STEPS = 60
# With fewer cases even the limits say nothing.
FEWEST = 20


class Kind(StrEnum):
    """How a site is drawn: circle, square, diamond; a small one is not."""

    INSIDE = "inside"
    NEAR = "run"
    OUT = "out"


@dataclass(frozen=True)
class Place:
    """A site: its events among its cases."""

    label: str
    events: int
    n: int


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    kind: Kind
    label: str
    text: str


@dataclass(frozen=True)
class Funnel:
    """Rates of sites.

    Attributes:
        key: unique in the page.
        title: what is measured.
        places: the sites; one with fewer than `FEWEST` cases stands in the table only.
        centre: the expected rate; None: that of all sites together.
    """

    key: str
    title: str
    places: Sequence[Place]
    centre: float | None = None

    width = WIDTH
    height = HEIGHT
    left = _LEFT
    right = _RIGHT
    bottom = _BOTTOM
    percent = True

    @cached_property
    def rate(self) -> float:
        if self.centre is not None:
            return self.centre
        n = sum(place.n for place in self.places)
        return sum(place.events for place in self.places) / n if n else 0.0

    @cached_property
    def judged(self) -> list[Place]:
        return [place for place in self.places if place.n >= FEWEST]

    @property
    def outside(self) -> list[str]:
        """Return the sites beyond the 99.8 % limits."""
        return [place.label for place in self.judged if self.kind(place) is Kind.OUT]

    @property
    def has_signal(self) -> bool:
        return bool(self.outside)

    @property
    def sentence(self) -> str:
        if not self.judged:
            return f"{self.title}: no site has {FEWEST} cases yet."
        near = sum(self.kind(place) is Kind.NEAR for place in self.judged)
        few = len(self.places) - len(self.judged)
        text = (
            f"{self.title}: {write(self.rate, percent=True)} is expected. {len(self.outside)} of "
            f"{len(self.judged)} sites lie outside the 99.8% limits, {near} more outside the 95% "
            "limits."
        )
        return text + (f" {few} had too few cases." if few else "")

    @property
    def callout(self) -> str | None:
        return f"Outside the 99.8% limits: {', '.join(self.outside)}." if self.outside else None

    def kind(self, place: Place) -> Kind:
        value = place.events / place.n
        for z, kind in ((Z998, Kind.OUT), (Z95, Kind.NEAR)):
            low, high = limits(self.rate, place.n, z)
            if not low <= value <= high:
                return kind
        return Kind.INSIDE

    @cached_property
    def x_axis(self) -> Axis:
        most = max((place.n for place in self.judged), default=FEWEST)
        return Axis(0, most * 1.08, _LEFT, _RIGHT)

    @cached_property
    def axis(self) -> Axis:
        """Show every site; limits of a few cases, wider than all else, are cut off."""
        values = [place.events / place.n for place in self.judged] or [self.rate]
        # Room for the funnel's shape also where all sites are of one size.
        n = min([self.x_axis.high / 4, *(place.n for place in self.judged)])
        return spanning([*values, *limits(self.rate, n, Z95)], _BOTTOM, _TOP, percent=True)

    @property
    def centre_y(self) -> float:
        return self.axis.at(self.rate)

    @property
    def outer(self) -> tuple[str, str]:
        return self._curves(Z998)

    @property
    def inner(self) -> tuple[str, str]:
        return self._curves(Z95)

    @property
    def limit_labels(self) -> list[tuple[float, str]]:
        n = self.x_axis.high
        return [
            (self.axis.at(self.axis.inside(limits(self.rate, n, z)[1])), text)
            for z, text in ((Z998, "99.8%"), (Z95, "95%"))
        ]

    @property
    def dots(self) -> list[Dot]:
        return [
            Dot(
                self.x_axis.at(place.n),
                self.axis.at(place.events / place.n),
                self.kind(place),
                place.label,
                write(place.events / place.n, percent=True),
            )
            for place in self.judged
        ]

    @property
    def rows(self) -> list[list[str]]:
        """The table under the plot."""
        return [self._row(place) for place in self.places]

    def _row(self, place: Place) -> list[str]:
        if place.n < FEWEST:
            return [place.label, f"{place.events:,}", f"{place.n:,}", "", "", "", "Too few cases"]
        words = {
            Kind.OUT: "Outside 99.8%",
            Kind.NEAR: "Outside 95%",
            Kind.INSIDE: "Inside",
        }
        bounds = limits(self.rate, place.n, Z998)
        values = (place.events / place.n, *bounds)
        written = [write(value, percent=True) for value in values]
        return [
            place.label,
            f"{place.events:,}",
            f"{place.n:,}",
            *written,
            words[self.kind(place)],
        ]

    def _curves(self, z: float) -> tuple[str, str]:
        ends = self.x_axis.high
        first = min(FEWEST / 2, ends / 4)
        # Closer together where the limits bend most.
        numbers = [first * (ends / first) ** (step / _STEPS) for step in range(_STEPS + 1)]
        bounds = [limits(self.rate, n, z) for n in numbers]
        return (
            self._path(numbers, [low for low, _ in bounds]),
            self._path(numbers, [high for _, high in bounds]),
        )

    def _path(self, numbers: Sequence[float], values: Sequence[float]) -> str:
        path = ""
        for n, value in zip(numbers, values, strict=True):
            if self.axis.low <= value <= self.axis.high:
                path += f"{'L' if path else 'M'}{self.x_axis.at(n)} {self.axis.at(value)}"
        return path


def limits(rate: float, n: float, z: float) -> tuple[float, float]:
    """Return between which rates `n` cases lie by chance, by the score test, with no correction.

    A rate is inside when |observed - rate| <= z sqrt(rate (1 - rate) / n).
    """
    spread = z * sqrt(rate * (1 - rate) / n) if n else 1.0
    return max(0.0, rate - spread), min(1.0, rate + spread)
