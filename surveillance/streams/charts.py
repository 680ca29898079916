"""The charts of one finding at one site, from daily counts. Pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from math import sqrt
from typing import Any, Protocol

import numpy as np

from surveillance.measures.histogram import Counts
from surveillance.measures.intervals import wilson
from surveillance.references.models import Reference
from surveillance.streams.series import Series
from vigil.kernel.web.charts.control import ControlChart, Marker, Period
from vigil.kernel.web.charts.course import CourseChart
from vigil.kernel.web.charts.forest import Estimate, ForestPlot
from vigil.kernel.web.charts.funnel import Funnel, Place
from vigil.kernel.web.charts.histogram import Histogram

FEWEST = 20
SIGMAS = 3
FACTOR = 1.05
Column = Callable[[Series], Counts]
Chart = ControlChart | ForestPlot | Funnel | Histogram
COLUMNS: Mapping[type, Sequence[str]] = {
    CourseChart: ("week", "estimate", "from", "to", "cases", "verdict"),
    ControlChart: ("period", "value", "lower_limit", "upper_limit", "cases", "verdict"),
    ForestPlot: ("group", "cases", "estimate", "from", "to", "verdict"),
    Funnel: ("site", "events", "cases", "rate", "lower_limit", "upper_limit", "verdict"),
    Histogram: ("from_and_to", "cases_now", "share_now", "share_in_the_reference"),
}


class Happening(Protocol):
    """What stands at a day of a chart: a change in the registry, or a signal."""

    @property
    def day(self) -> date: ...
    @property
    def what(self) -> str: ...


@dataclass(frozen=True)
class SignalMark:
    """Where the detector raised its alert; the points of the chart alone do not show that."""

    day: date
    what: str

    @classmethod
    def of(cls, tier: str, raised: date, since: date) -> "SignalMark":
        began = f"{since.day} {since:%B %Y}"
        return cls(raised, f"the engine raised an alert ({tier}); the change likely began {began}")


def flags(
    series: Series, reference: Reference, name: str, events: Sequence[Happening] = ()
) -> ControlChart:
    title = f"Share of cases flagged for {name}"
    periods, marks = _weeks(series, lambda s: s.flagged, lambda s: s.n, reference.flag_rate, events)
    return ControlChart("flag-rate", title, reference.flag_rate, periods, True, marks)


def overrides(
    series: Series, reference: Reference, name: str, events: Sequence[Happening] = ()
) -> ControlChart | None:
    """Return the chart, or None where the reference holds no baseline to draw limits from."""
    expected = reference.override_rate
    if expected is None:
        return None
    title = f"Share of decisions that override {name}"
    periods, marks = _weeks(series, lambda s: s.overridden, lambda s: s.heard, expected, events)
    return ControlChart("override-rate", title, expected, periods, True, marks)


def scores(series: Series, reference: Reference, name: str) -> Histogram:
    """Return the scores since the reference, on its edges; those beyond count in the end bins."""
    return Histogram(
        key="scores",
        title=f"Scores for {name}",
        edges=reference.edges,
        now=_inside(series.counts(len(reference.histogram)).sum(axis=0)),
        reference=_inside(np.asarray(reference.histogram)),
    )


def by_group(rows: Iterable[Any], axis: str, name: str) -> ForestPlot | None:
    """Return the flag rate of each group beside that of everybody."""
    held = [row for row in rows if row.n > 0]
    if len(held) < 2:  # noqa: PLR2004 - one group is everybody
        return None
    together = sum(row.flagged for row in held) / sum(row.n for row in held)
    return ForestPlot(
        key="groups",
        title=f"Share of cases flagged for {name}, by {axis.replace('_', ' ')}",
        reference=together,
        tolerated=together * FACTOR,
        groups=[_estimate(row) for row in held],
        percent=True,
        worse_above=True,
    )


def by_site(
    rows: Iterable[Any], names: Mapping[str, str], key: str, title: str, columns: tuple[str, str]
) -> Funnel | None:
    """Return each site's rate by its cases, of all sites that may be read."""
    events, cases = columns
    places = [
        Place(names.get(row.name, row.name), int(getattr(row, events)), int(getattr(row, cases)))
        for row in rows
        if getattr(row, cases) > 0
    ]
    return Funnel(key, title, places) if len(places) > 1 else None


def _estimate(row: Any) -> Estimate:
    if row.n < FEWEST:
        return Estimate(row.name, int(row.n))
    rate = wilson(int(row.flagged), int(row.n))
    return Estimate(row.name, int(row.n), rate.estimate, rate.low, rate.high)


def _weeks(
    series: Series, events: Column, cases: Column, expected: float, changes: Sequence[Happening]
) -> tuple[list[Period], list[Marker]]:
    happened, of = events(series), cases(series)
    periods, mondays = [], []
    for monday, index in _by_week(series.days):
        n, k = int(of[index].sum()), int(happened[index].sum())
        spread = SIGMAS * sqrt(expected * (1 - expected) / n) if n else 0.0
        mondays.append(monday)
        periods.append(
            Period(
                label=f"{monday.day} {monday:%b}",
                value=k / n if n >= FEWEST else None,
                lower=max(0.0, expected - spread),
                upper=min(1.0, expected + spread),
                n=n,
            )
        )
    return periods, list(markers(mondays, changes))


def markers(mondays: Sequence[date], changes: Iterable[Happening]) -> Iterator[Marker]:
    """Yield what happened since the first of the weeks that begin on these days.

    What happened in a week without a value stands at the last one before it.
    """
    for change in sorted(changes, key=lambda each: (each.day, each.what)):
        week = change.day - timedelta(days=change.day.weekday())
        place = bisect_right(mondays, week) - 1
        if place >= 0:
            day = f"{change.day.day} {change.day:%B %Y}"
            yield Marker(place, f"{day}: {change.what}")


def _by_week(days: Sequence[date]) -> Iterator[tuple[date, list[int]]]:
    def monday(index: int) -> date:
        return days[index] - timedelta(days=days[index].weekday())

    for start, group in groupby(range(len(days)), key=monday):
        yield start, list(group)


def _inside(counts: Counts) -> list[int]:
    inside = counts[1:-3].copy()
    inside[0] += counts[0]
    inside[-1] += counts[-3]
    return [int(count) for count in inside]
