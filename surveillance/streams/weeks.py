"""A stream as people follow it who do not work at the site: whole weeks that are over."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

from surveillance import disclosure
from surveillance.axes import ALL
from surveillance.records.repository import Scope
from surveillance.streams import outputs, places
from surveillance.streams.assessment import Assessment
from surveillance.streams.daily import Course, Day, course
from surveillance.streams.disclosed import disclosed
from surveillance.streams.errors import NoSeries
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.view import StreamView
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

_DECIDED = frozenset(
    {StreamKind.OVERRIDE_RATE, StreamKind.OVERRIDE_FP_RATE, StreamKind.OVERRIDE_FN_RATE}
)


def followed(session: ReadSession, actor: Actor, stream: Stream, *, day: date) -> Course:
    """Return a stream as the actor may follow it: by days where they work there, else by weeks.

    Raises:
        Invalid: no week is over.
        NoSeries: as `daily.course`; or it is not for those who do not work at the site.
    """
    is_own = disclosure.works_there(actor)
    return (course if is_own else weekly)(session, actor, stream, day=day)


def weekly(session: ReadSession, actor: Actor, stream: Stream, *, day: date) -> Course:
    """Return a stream week by week, up to the last one that is over on `day`.

    Of a week with fewer than ten cases, or that would give another level's away, only that it was.

    Raises:
        Invalid: no week is over.
        NoSeries: as `daily.course`; or it is of a group, and not counted by predictions.
    """
    if stream.axis != ALL and stream.kind not in outputs.ASKED:
        raise NoSeries("Groups are followed in this stream by those who work at the site.")
    today = session.now().date()
    last = disclosure.whole_weeks(date.min + timedelta(days=7), day, today)[1]
    found = course(session, actor, stream, day=last)
    weeks = _weeks(session, actor, stream, last)
    hidden = {monday for monday, held in weeks.items() if stream.level in _withheld(stream, held)}
    # Of a volume it is the days that are counted, and the runs that tell of people.
    least = 0 if stream.kind is StreamKind.VOLUME else disclosure.SMALLEST
    days = [
        _week(monday, list(held), least, is_hidden=monday in hidden)
        for monday, held in groupby(found.days, key=lambda each: _monday(each.day))
    ]
    small = {each.day for each in days if each.n is None}
    told = [
        replace(week, n=0, interval=None) if week.monday in small else week for week in found.weeks
    ]
    is_withheld = stream.level in _withheld(stream, _whole(weeks))
    said = _said(found.found, is_withheld=is_withheld)
    return replace(found, found=said, days=tuple(days), weeks=tuple(told))


def _said(found: Assessment, *, is_withheld: bool) -> Assessment:
    """Return what the sentence is made of: coarse, or only that there is something to withhold."""
    if is_withheld:
        return Assessment(**vars(found.stream), fault=disclosure.WITHHELD)
    (view,) = disclosed([StreamView(found, None)])
    return view.assessment


def _week(monday: date, days: list[Day], least: int, *, is_hidden: bool) -> Day:
    n = sum(each.n or 0 for each in days)
    if is_hidden or n < least:
        return Day(monday, None, None, None, None, None, "")
    known = [(each.value, each.n) for each in days if each.value is not None and each.n]
    of = sum(cases for _, cases in known)
    value = sum(held * cases for held, cases in known) / of if of else None
    end = days[-1]
    since = None if end.since is None else _monday(end.since)
    return Day(monday, n, value, end.estimate, end.level, since, end.mark)


def _weeks(
    session: ReadSession, actor: Actor, stream: Stream, last: date
) -> dict[date, dict[str, float]]:
    """Return how many cases each level of the stream's axis had in each week."""
    scope = Scope(stream.version_id, stream.site_id, stream.subject, to_day=last)
    weeks: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for turn in places.in_turn(session, actor, scope, (stream.axis,)):
        for series in turn:
            of = series.decided if stream.kind in _DECIDED else series.n
            for day, n in zip(series.days, of.tolist(), strict=True):
                weeks[_monday(day)][series.level] += n
    return weeks


def _whole(weeks: Mapping[date, Mapping[str, float]]) -> dict[str, float]:
    whole: dict[str, float] = defaultdict(float)
    for held in weeks.values():
        for level, n in held.items():
            whole[level] += n
    return whole


def _withheld(stream: Stream, sizes: Mapping[str, float]) -> set[str]:
    """Return which levels are withheld for their own sake or for another level's."""
    if stream.axis == ALL:
        return {ALL} if disclosure.is_small(sizes.get(ALL, 0.0)) else set()
    return disclosure.hidden_levels(stream.axis, sizes)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
