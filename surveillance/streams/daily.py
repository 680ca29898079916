"""One stream day by day and week by week: what was measured and tolerated, and the evidence.

What a chart draws, a table lists and a sentence says is of the same sample that is judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from surveillance.alerts import service as alerts
from surveillance.alerts.models import Alert
from surveillance.declarations import service as declarations
from surveillance.declarations.models import StreamChoice
from surveillance.measures import tracks
from surveillance.measures.detector import WATCH
from surveillance.measures.intervals import Interval
from surveillance.streams import following
from surveillance.streams.assessment import Assessment
from surveillance.streams.errors import NoSeries
from surveillance.streams.judging import judge
from surveillance.streams.kinds import Stream
from surveillance.streams.samples import Sample
from surveillance.streams.sentences import sentence
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

MOST_ALERTS = 500
_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Day:
    """One day of a stream, or for people from elsewhere one week (`weeks`).

    Attributes:
        n: cases; None where they are withheld, and then nothing else is told either.
        value: of the day's own cases.
        estimate: over the cases since the likeliest change, as the detector saw it on the day.
        level: the detector's; from 365 on it is a watch.
        since: the first day of the estimate.
        mark: `watch` from the day on that the detector passed, and `beyond` where the estimate is
            outside what is tolerated as well; else empty.
    """

    day: date
    n: int | None
    value: float | None
    estimate: float | None
    level: float | None
    since: date | None
    mark: str


@dataclass(frozen=True)
class Week:
    """The cases of one week, by themselves.

    Attributes:
        monday: its first day.
        interval: the estimate with its 95% interval; None where there was nothing to estimate.
    """

    monday: date
    n: int
    interval: Interval | None


@dataclass(frozen=True)
class Course:
    """A stream's days and weeks; `low` and `high` are what is tolerated.

    Attributes:
        found: what the daily look says, or would say, of the same days.
        alerts: those that were ever raised of the stream, the oldest first.
        muted: the network's choice that the stream is not judged: what was counted is shown, and
            no day has a mark.
    """

    stream: Stream
    found: Assessment
    baseline: float
    low: float
    high: float
    days: tuple[Day, ...]
    weeks: tuple[Week, ...]
    alerts: tuple[Alert, ...] = ()
    muted: StreamChoice | None = None

    def since(self, first: date | None) -> "Course":
        """Return the course from a day on, and from the week that it is in."""
        if first is None:
            return self
        days = tuple(one for one in self.days if one.day >= first)
        weeks = tuple(one for one in self.weeks if one.monday + _WEEK > first)
        return replace(self, days=days, weeks=weeks)


def course(session: ReadSession, actor: Actor, stream: Stream, *, day: date) -> Course:
    """Return a stream by days and weeks, up to and including `day`; one that is muted as well.

    Raises:
        NoSeries: the stream is not there, has too little to be followed, or is an event that is not
            followed by days.
    """
    actor.require(Permission.SURVEILLANCE_READ, stream.site_id)
    item = following.item(session, actor, stream, day=day)
    if item is None:
        raise NoSeries(
            "Nothing was counted of this stream, or it is of no kind that is followed by days."
        )
    (found,) = judge([item])
    if isinstance(item, Assessment) or found.fault or not len(item.asked.ordinals):
        raise NoSeries(f"This stream has no days to follow. {sentence(found)}")
    raised = alerts.alerts(
        session, actor, version_id=stream.version_id, site_id=stream.site_id, limit=MOST_ALERTS
    )
    own = tuple(alert for alert in reversed(raised) if alert.key == stream.key)
    whole = _course(item, found, own)
    watched = declarations.watched(session, (), day)
    muted = watched.muting(following.name(stream), stream.version_id, stream.site_id)
    if muted is None:
        return whole
    return replace(whole, muted=muted, days=tuple(replace(day, mark="") for day in whole.days))


def _course(sample: Sample, found: Assessment, own: tuple[Alert, ...]) -> Course:
    of: Any = type(sample)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        bets = of.bets([sample])
        track = tracks.follow(bets)
    ordinals = sample.asked.ordinals
    # What labels came on one day is several of the detector's days: the last is where it stands.
    begins = np.flatnonzero(np.diff(ordinals, prepend=ordinals[0] - 1))
    ends = np.append(begins[1:], len(ordinals)) - 1
    cases = np.add.reduceat(sample.cases, begins)
    total, weight = (np.add.reduceat(each[0], begins) for each in (bets.total, bets.n))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = total / weight
    levels = np.exp(np.minimum(track.levels[0], 700))
    return Course(
        sample.asked.stream,
        found,
        sample.normal,
        float(track.low[0]),
        float(track.high[0]),
        tuple(
            Day(
                day=date.fromordinal(int(ordinals[last])),
                n=int(cases[at]),
                value=_number(values[at]),
                estimate=_number(track.estimate[0][last]),
                level=float(levels[last]),
                since=date.fromordinal(int(ordinals[int(track.since[0][last])])),
                mark=_mark(float(levels[last]), is_beyond=bool(track.is_beyond[0][last])),
            )
            for at, last in enumerate(ends.tolist())
        ),
        tuple(_weeks(sample, float(bets.between[0][-1]))),
        own,
    )


def _weeks(sample: Sample, between: float) -> Iterator[Week]:
    ordinals = sample.asked.ordinals
    mondays = ordinals - (ordinals - 1) % _WEEK.days
    starts = np.flatnonzero(np.diff(mondays, prepend=mondays[0] - 1)).tolist()
    for begin, end in zip(starts, [*starts[1:], len(ordinals)], strict=True):
        part = following.cut(sample, slice(begin, end))
        monday = date.fromordinal(int(mondays[begin]))
        yield Week(monday, int(part.cases.sum()), following.estimate(part, between))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _mark(level: float, *, is_beyond: bool) -> str:
    if level < WATCH:
        return ""
    return "watch, beyond what is tolerated" if is_beyond else "watch"
