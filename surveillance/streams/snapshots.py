"""Assessments as plain JSON, so that a page reads in one row what a day's look found. Pure."""

import math
from datetime import date
from typing import Any

from surveillance.measures.detector import Evidence
from surveillance.measures.intervals import Interval
from surveillance.streams.assessment import Assessment, Bounds, Shortage
from surveillance.streams.kinds import StreamKind

Plain = list[Any]


def to_plain(found: Assessment) -> Plain:
    """Return an assessment as a list; its version and site are those of the row it is kept in."""
    shortage, bounds, evidence, interval, window = (
        found.shortage,
        found.bounds,
        found.evidence,
        found.interval,
        found.window,
    )
    return [
        found.subject,
        found.kind.value,
        found.axis,
        found.level,
        found.reference_id,
        found.n,
        shortage and [shortage.what, shortage.have, shortage.need, _text(shortage.suffices_on)],
        found.fault,
        found.event,
        bounds and [bounds.baseline, bounds.low, bounds.high],
        evidence and [_finite(evidence.log_level), evidence.days, evidence.since],
        interval and [interval.estimate, interval.low, interval.high],
        window and [_text(window[0]), _text(window[1])],
        found.cusum,
        found.reliance,
    ]


def from_plain(version_id: str, site_id: str, kept: Plain) -> Assessment:
    subject, kind, axis, level, reference_id, n, short, fault, event, *rest = kept
    bounds, evidence, interval, window, cusum, reliance = rest
    return Assessment(
        version_id=version_id,
        site_id=site_id,
        subject=subject,
        kind=StreamKind(kind),
        axis=axis,
        level=level,
        reference_id=reference_id,
        n=n,
        shortage=Shortage(short[0], short[1], short[2], _day(short[3])) if short else None,
        fault=fault,
        event=event,
        bounds=Bounds(*bounds) if bounds else None,
        evidence=_evidence(evidence) if evidence else None,
        interval=Interval(*interval) if interval else None,
        window=(date.fromisoformat(window[0]), date.fromisoformat(window[1])) if window else None,
        cusum=cusum,
        reliance=reliance,
    )


def _finite(level: float) -> float | None:
    # JSON has no infinity: before the first day the level is minus infinity.
    return level if math.isfinite(level) else None


def _evidence(kept: Plain) -> Evidence:
    return Evidence(-math.inf if kept[0] is None else kept[0], *kept[1:])


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
