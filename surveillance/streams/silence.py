"""No study where there should be one: how unlikely a gap is, under what the weeks before had.

A gap since the last arrival is judged by the chance that no study comes in so long a time, hour of
the week by hour of the week. Every arrival begins a new gap, so that the chance is held against the
gaps of a whole year: a watch may be wrong once a year, an escalation, over all places together,
once in twenty. It is no share of many days, and takes no part in e-BH.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import log

import numpy as np
from numpy.typing import NDArray

from surveillance.axes import ALL
from surveillance.declarations import service as declarations
from surveillance.measures.detector import HORIZON, WATCH, Evidence
from surveillance.measures.intervals import Interval
from surveillance.measures.volumes import WEEK, Rhythm, learned, log_chance_of_none
from surveillance.records.models import WHOLE_RUN
from surveillance.records.repository import Scope
from surveillance.streams import repository
from surveillance.streams.assessment import Assessment, Bounds, Shortage
from surveillance.streams.judging import lacking
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.running import Place, Running
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

LEARNED_FROM = timedelta(days=56)
MIN_DAYS = 14
MIN_ARRIVALS = 50
MOST_LIKELY = 1e-4
FALSE_IN_A_YEAR = 0.05
# What comes together is one arrival: the images of a list that is sent at once.
TOGETHER = timedelta(minutes=1)
NODE = "node"
_HOURS = 24
_YEAR = 365
_NONE_AT_MOST = 3.69  # upper end of Poisson's exact 95% interval where none came
_BLUR = np.array([0.25, 0.5, 0.25])
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Pace:
    """What is expected in each hour of a week, and when the last study came."""

    rhythm: Rhythm
    hours: NDArray[np.float64]
    last: datetime

    @property
    def gaps_a_year(self) -> float:
        return max(1.0, self.rhythm.a_day * _YEAR)

    def due(self, now: datetime) -> NDArray[np.float64]:
        """Return what was to be expected since the last study, day by day."""
        by_day: dict[date, float] = defaultdict(float)
        at = self.last
        while at < now:
            upto = min(now, at.replace(minute=0, second=0, microsecond=0) + _HOUR)
            by_day[at.date()] += self._rate(at) * ((upto - at) / _HOUR)
            at = upto
        return np.array(list(by_day.values()))

    def _rate(self, at: datetime) -> float:
        day = at.weekday()
        return float(self.rhythm.expected[day] * self.hours[_kind(day), at.hour])


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess the silence at every version and source as it is at the end of `day`, or now."""
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    found = assess_at(session, actor, min(end, session.now()))
    wanted = {"version_id": scope.version_id, "site_id": scope.site_id}
    return [
        each
        for each in found
        if all(value in {None, getattr(each, name)} for name, value in wanted.items())
    ]


def assess_at(session: ReadSession, actor: Actor, now: datetime) -> list[Assessment]:
    """Assess the silence at every version at work and at every source of studies."""
    running = Running.of(session)
    places = [place for place in running.at(now) if actor.reads_site(place[1])]
    watched = declarations.watched_at(session, {version_id for version_id, _ in places}, now)
    places = [place for place in places if StreamKind.SILENCE in watched.of(*place)]
    begin = now - LEARNED_FROM
    came: dict[Place, list[datetime]] = defaultdict(list)
    for version_id, site_id, at in repository.arrivals(session, actor, begin, now):
        came[version_id, site_id].append(at)
    streams = {_stream(place): (came[place], _from(running, place, begin, now)) for place in places}
    nodes = _of_nodes(session, actor, (begin, now), places, came)
    streams |= {stream: (each, begin) for stream, each in nodes.items()}
    paces = {stream: _pace(arrivals, since, now) for stream, (arrivals, since) in streams.items()}
    known = sum(isinstance(pace, Pace) for pace in paces.values())
    return [_assessed(stream, pace, now, known) for stream, pace in paces.items()]


def _stream(place: Place) -> Stream:
    return Stream(*place, WHOLE_RUN, StreamKind.SILENCE)


def _from(running: Running, place: Place, begin: datetime, now: datetime) -> datetime:
    return max(begin, running.since(place, now) or begin)


def _of_nodes(
    session: ReadSession,
    actor: Actor,
    span: tuple[datetime, datetime],
    places: Sequence[Place],
    came: Mapping[Place, Sequence[datetime]],
) -> dict[Stream, list[datetime]]:
    """Return when each source sent something, under the version that runs most at its site.

    A site's only source says nothing that the site does not.
    """
    by_runs = sorted(places, key=lambda place: (len(came[place]), place))
    busiest = {site_id: version_id for version_id, site_id in by_runs}
    held: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for title, site_id, at in repository.associations(session, actor, *span):
        if site_id in busiest:
            held[site_id, title].append(at)
    sources = Counter(site_id for site_id, _ in held)
    return {
        Stream(busiest[site_id], site_id, WHOLE_RUN, StreamKind.SILENCE, NODE, title): each
        for (site_id, title), each in held.items()
        if sources[site_id] > 1
    }


def _pace(came: Iterable[datetime], since: datetime, now: datetime) -> Pace | Shortage:
    """Learn from the whole days up to the last arrival, so that the gap is not learned away."""
    arrivals = _apart([at for at in sorted(came) if since <= at <= now])
    if len(arrivals) < MIN_ARRIVALS:
        return Shortage("arrivals to learn from", len(arrivals), MIN_ARRIVALS)
    first = max(since, arrivals[0]).toordinal() + 1
    ordinals = np.arange(first, arrivals[-1].toordinal())
    if len(ordinals) < MIN_DAYS:
        return Shortage("days to learn from", len(ordinals), MIN_DAYS)
    counts = np.zeros(len(ordinals), dtype=np.int64)
    hours = np.zeros((3, _HOURS))
    for at in arrivals:
        place = at.toordinal() - first
        if 0 <= place < len(counts):
            counts[place] += 1
            hours[_kind(at.weekday()), at.hour] += 1
    return Pace(learned(ordinals, counts), _profile(hours), arrivals[-1])


def _profile(hours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each hour's share of a day; a Saturday's few studies leave much to the other days."""
    like_any = hours.sum(axis=0) / max(1.0, float(hours.sum()))
    shares = hours + _HOURS * like_any
    wrapped = np.concatenate([shares[:, -1:], shares, shares[:, :1]], axis=1)
    smooth = np.stack([np.convolve(row, _BLUR, mode="valid") for row in wrapped])
    # An hour next to a quiet one has less than its own share, never more.
    lowest = np.minimum(smooth, shares)
    found: NDArray[np.float64] = lowest / shares.sum(axis=1, keepdims=True)
    return found


def _kind(day: int) -> int:
    """Tell Saturdays and Sundays from the other days."""
    return max(0, day - (WEEK - 3))


def _apart(arrivals: Sequence[datetime]) -> list[datetime]:
    kept: list[datetime] = []
    for at in arrivals:
        if not kept or at - kept[-1] >= TOGETHER:
            kept.append(at)
    return kept


def _assessed(stream: Stream, pace: Pace | Shortage, now: datetime, places: int) -> Assessment:
    if isinstance(pace, Shortage):
        return lacking(stream, None, pace)
    due = pace.due(now)
    expected = float(due.sum())
    chance = log_chance_of_none(due, pace.rhythm.spread)
    in_a_year = chance + log(pace.gaps_a_year)
    is_rare = chance <= log(MOST_LIKELY)
    is_event = is_rare and in_a_year + log(max(places, 1)) <= log(FALSE_IN_A_YEAR)
    level = log(WATCH) if is_rare and in_a_year <= 0 else 0.0
    return Assessment(
        **vars(stream),
        n=round(pace.gaps_a_year / _YEAR * WEEK),
        event=_said(stream, pace.last, expected) if is_event else None,
        bounds=Bounds(expected, 0.0, expected),
        evidence=Evidence(level, HORIZON, 0),
        interval=Interval(0.0, 0.0, _NONE_AT_MOST),
        window=(pace.last.date(), now.date()),
        reliance="" if is_event or expected < 1 else _said(stream, pace.last, expected),
    )


def _said(stream: Stream, last: datetime, expected: float) -> str:
    what = "study" if stream.axis == ALL else "association"
    return (
        f"no {what} since {last.day} {last:%B %Y %H:%M} UTC, "
        f"where about {expected:.0f} were to be expected"
    )
