"""One stream day by day: what was measured, what is tolerated, and the evidence so far."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from surveillance.measures import tracks
from surveillance.measures.detector import WATCH
from surveillance.records.repository import Scope
from surveillance.streams import outputs, places
from surveillance.streams.assessment import Assessment
from surveillance.streams.errors import NoSeries
from surveillance.streams.kinds import Stream
from surveillance.streams.samples import Sample
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


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
class Course:
    """A stream's days; `low` and `high` are what is tolerated."""

    stream: Stream
    baseline: float
    low: float
    high: float
    days: tuple[Day, ...]


def course(session: ReadSession, actor: Actor, stream: Stream, *, day: date) -> Course:
    """Return a stream day by day, up to and including `day`.

    Raises:
        NoSeries: the stream is not there, has too little to be followed, or is of a kind that is
            not counted by predictions.
    """
    actor.require(Permission.SURVEILLANCE_READ, stream.site_id)
    if stream.kind not in outputs.ASKED:
        raise NoSeries(f"A stream of {stream.kind.value} is not followed by predictions.")
    scope = Scope(stream.version_id, stream.site_id, stream.subject, to_day=day)
    look = outputs.Look.on(session, actor, day, scope, groups=True)
    found = [one for turn in places.in_turn(session, actor, scope, (stream.axis,)) for one in turn]
    own = [one for one in found if one.level == stream.level]
    asked = {stream.kind: outputs.ASKED[stream.kind]}
    sample = _sample(outputs.items(look, own, asked))
    if sample is None:
        raise NoSeries(
            "Nothing was counted of this stream, nothing is there to hold it against, or it is "
            "muted."
        )
    return _course(stream, sample)


def _sample(items: Iterable[Any]) -> Sample | None:
    found = [item for item in items if not isinstance(item, Assessment)]
    ready = [sample for sample in found if len(sample.asked.ordinals) and sample.fault() is None]
    return ready[0] if ready else None


def _course(stream: Stream, sample: Sample) -> Course:
    of: Any = type(sample)
    bets = of.bets([sample])
    track = tracks.follow(bets)
    days = [date.fromordinal(each) for each in sample.asked.ordinals.tolist()]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = bets.total[0] / bets.n[0]
    levels = np.exp(np.minimum(track.levels[0], 700))
    beyond = track.is_beyond[0]
    return Course(
        stream,
        sample.normal,
        float(track.low[0]),
        float(track.high[0]),
        tuple(
            Day(
                day=day,
                n=int(sample.cases[at]),
                value=_number(values[at]),
                estimate=_number(track.estimate[0][at]),
                level=float(levels[at]),
                since=days[int(track.since[0][at])],
                mark=_mark(float(levels[at]), is_beyond=bool(beyond[at])),
            )
            for at, day in enumerate(days)
        ),
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _mark(level: float, *, is_beyond: bool) -> str:
    if level < WATCH:
        return ""
    return "watch, beyond what is tolerated" if is_beyond else "watch"
