"""What the detectors make of a series: an estimate, its interval, the evidence. Pure.

Every field that a person reads comes from the same numbers, and so does the sentence: a text that
contradicts its figures cannot be written.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from surveillance.alerts.models import StreamKind
from surveillance.measures import betting, rates
from surveillance.measures.detector import WATCH, Evidence, detect
from surveillance.measures.histogram import Counts, valued
from surveillance.measures.intervals import Interval, of_mean_rank, wilson
from surveillance.measures.ranks import NO_SHIFT, mean_rank, ranks, shift_tolerance
from surveillance.references.models import Reference
from surveillance.streams.series import Series

MIN_SCORES = 200
MIN_DECIDED = 30
MIN_BASELINE = 300
FLAG_FACTOR = 1.05
OVERRIDE_FACTOR = 1.25
RECENT_DAYS = 28


class Verdict(StrEnum):
    QUIET = "quiet"
    WATCH = "watch"
    ESCALATE = "escalate"
    INSUFFICIENT = "insufficient data"


@dataclass(frozen=True)
class Shortage:
    """How much of what is there, and how much is needed: never a green light."""

    what: str
    have: int
    need: int

    def __str__(self) -> str:
        return f"{self.have} of {self.need} {self.what}"


@dataclass(frozen=True)
class Bounds:
    """What was normal, and how far from it is tolerated."""

    baseline: float
    low: float
    high: float


@dataclass(frozen=True)
class Assessment:
    """One stream on one day.

    Attributes:
        shortage: set where there is too little data; then there is no estimate.
        interval: the estimate over the window, with its 95% interval.
        window: first and last day of the estimate: since the likely change, else the recent days.
    """

    version_id: str
    site_id: str
    finding_key: str
    stream: StreamKind
    reference_id: str | None
    n: int
    shortage: Shortage | None = None
    bounds: Bounds | None = None
    evidence: Evidence | None = None
    interval: Interval | None = None
    window: tuple[date, date] | None = None

    @property
    def key(self) -> tuple[str, str, str, StreamKind]:
        return (self.version_id, self.site_id, self.finding_key, self.stream)

    @property
    def e_value(self) -> float:
        return self.evidence.e_value if self.evidence else 0.0

    @property
    def is_beyond(self) -> bool:
        """Whether the estimate left the tolerance: effect, where the e-value is significance."""
        if self.interval is None or self.bounds is None:
            return False
        return not self.bounds.low <= self.interval.estimate <= self.bounds.high

    @property
    def verdict(self) -> Verdict:
        """Return what the stream says by itself; only all streams together can escalate."""
        if self.evidence is None:
            return Verdict.INSUFFICIENT
        return Verdict.WATCH if self.evidence.level >= WATCH else Verdict.QUIET

    @property
    def tolerance(self) -> float:
        """Return the bound on the side to which the estimate lies."""
        if self.interval is None or self.bounds is None:
            return 0.0
        above = self.interval.estimate >= self.bounds.baseline
        return self.bounds.high if above else self.bounds.low


def of_scores(series: Series, reference: Reference) -> Assessment:
    """Assess the ranks of scores among the reference's, in both directions."""
    counts = series.counts(len(reference.histogram))
    n = int(valued(counts).sum())
    if n < MIN_SCORES:
        return _short(series, StreamKind.SCORE, reference, n, "predictions", MIN_SCORES)
    of = ranks(np.asarray(reference.histogram))
    tolerance = shift_tolerance(reference.n)
    evidence = detect(betting.log_e(counts, of, tolerance))
    first = _first(evidence, valued(counts).sum(axis=1))
    held = counts[first:].sum(axis=0)
    interval = of_mean_rank(mean_rank(held, of), int(valued(held).sum()))
    bounds = Bounds(NO_SHIFT, NO_SHIFT - tolerance, NO_SHIFT + tolerance)
    return _done(series, StreamKind.SCORE, reference, (bounds, evidence, interval, first, n))


def of_flags(series: Series, reference: Reference) -> Assessment:
    """Assess the share of flagged cases, in both directions."""
    n = int(series.n.sum())
    if n < MIN_SCORES:
        return _short(series, StreamKind.FLAG_RATE, reference, n, "predictions", MIN_SCORES)
    high = rates.tolerated_rise(reference.flagged, reference.n, FLAG_FACTOR)
    low = rates.tolerated_fall(reference.flagged, reference.n, FLAG_FACTOR)
    log_e = rates.log_e_of_rise(series.flagged, series.n, high)
    if low > 0:
        fall = rates.log_e_of_fall(series.flagged, series.n, low)
        log_e = np.concatenate([log_e, fall], axis=1)
    evidence = detect(log_e)
    first = _first(evidence, series.n)
    interval = wilson(int(series.flagged[first:].sum()), int(series.n[first:].sum()))
    bounds = Bounds(reference.flag_rate, low, high)
    return _done(series, StreamKind.FLAG_RATE, reference, (bounds, evidence, interval, first, n))


def of_overrides(series: Series, reference: Reference) -> Assessment:
    """Assess whether readers override more often than at the baseline, of what they decided."""
    kind = StreamKind.OVERRIDE_RATE
    if reference.decided < MIN_BASELINE:
        what = "decided cases in the baseline"
        return _short(series, kind, reference, reference.decided, what, MIN_BASELINE)
    n = int(series.decided.sum())
    if n < MIN_DECIDED:
        return _short(series, kind, reference, n, "decided cases", MIN_DECIDED)
    high = rates.tolerated_rise(reference.overridden, reference.decided, OVERRIDE_FACTOR)
    evidence = detect(rates.log_e_of_rise(series.overridden, series.decided, high))
    first = _first(evidence, series.decided)
    interval = wilson(int(series.overridden[first:].sum()), int(series.decided[first:].sum()))
    bounds = Bounds(reference.override_rate or 0.0, 0.0, high)
    return _done(series, kind, reference, (bounds, evidence, interval, first, n))


def without_reference(series: Series) -> list[Assessment]:
    """Return the three streams of a finding that nobody has set a reference for."""
    shortage = Shortage("references", 0, 1)
    return [
        Assessment(*series.stream, kind, None, int(series.n.sum()), shortage=shortage)
        for kind in StreamKind
    ]


def _first(evidence: Evidence, cases: Counts) -> int:
    """Return the day that the window begins on: that of the likely change, or the recent days.

    It reaches back as far as the last case, where the days after the change had none.
    """
    days = len(cases)
    begins = evidence.since if evidence.level >= WATCH else max(0, days - RECENT_DAYS)
    return min(begins, int(np.flatnonzero(cases)[-1]))


def _short(
    series: Series, kind: StreamKind, reference: Reference, have: int, what: str, need: int
) -> Assessment:
    return Assessment(
        series.version_id,
        series.site_id,
        series.finding_key,
        kind,
        reference.id,
        have,
        shortage=Shortage(what, have, need),
    )


def _done(
    series: Series,
    kind: StreamKind,
    reference: Reference,
    found: tuple[Bounds, Evidence, Interval, int, int],
) -> Assessment:
    bounds, evidence, interval, first, n = found
    return Assessment(
        series.version_id,
        series.site_id,
        series.finding_key,
        kind,
        reference.id,
        n,
        bounds=bounds,
        evidence=evidence,
        interval=interval,
        window=(series.days[first], series.days[-1]),
    )
