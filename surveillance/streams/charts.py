"""Weekly control charts and histograms from a series of daily counts. Pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from math import sqrt

import numpy as np

from surveillance.measures.histogram import Counts
from surveillance.references.models import Reference
from surveillance.streams.series import Series
from vigil.kernel.web.charts.control import ControlChart, Period
from vigil.kernel.web.charts.histogram import Histogram

FEWEST = 20
SIGMAS = 3
Column = Callable[[Series], Counts]


def flags(series: Series, reference: Reference, name: str) -> ControlChart:
    title = f"Share of cases flagged for {name}"
    periods = _weeks(series, lambda s: s.flagged, lambda s: s.n, reference.flag_rate)
    key = f"flag-rate-{series.finding_key}"
    return ControlChart(key, title, reference.flag_rate, periods, percent=True)


def overrides(series: Series, reference: Reference, name: str) -> ControlChart | None:
    """Return the chart, or None where the reference holds no baseline to draw limits from."""
    if reference.override_rate is None:
        return None
    title = f"Share of decisions that override {name}"
    periods = _weeks(series, lambda s: s.overridden, lambda s: s.decided, reference.override_rate)
    key = f"override-rate-{series.finding_key}"
    return ControlChart(key, title, reference.override_rate, periods, percent=True)


def scores(series: Series, reference: Reference, name: str) -> Histogram:
    """Return the scores since the reference, on its edges; those beyond count in the end bins."""
    return Histogram(
        key=f"scores-{series.finding_key}",
        title=f"Scores for {name}",
        edges=reference.edges,
        now=_inside(series.counts(len(reference.histogram)).sum(axis=0)),
        reference=_inside(np.asarray(reference.histogram)),
    )


def _weeks(series: Series, events: Column, cases: Column, expected: float) -> list[Period]:
    happened, of = events(series), cases(series)
    periods = []
    for monday, index in _by_week(series.days):
        n, k = int(of[index].sum()), int(happened[index].sum())
        spread = SIGMAS * sqrt(expected * (1 - expected) / n) if n else 0.0
        periods.append(
            Period(
                label=f"{monday.day} {monday:%b}",
                value=k / n if n >= FEWEST else None,
                lower=max(0.0, expected - spread),
                upper=min(1.0, expected + spread),
                n=n,
            )
        )
    return periods


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
