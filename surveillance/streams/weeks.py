"""A stream as people follow it who do not work at the site: whole weeks that are over."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

from surveillance import disclosure
from surveillance.axes import ALL
from surveillance.records.repository import Scope
from surveillance.streams import places
from surveillance.streams.daily import Course, Day, course
from surveillance.streams.kinds import Stream, StreamKind
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

_DECIDED = frozenset(
    {StreamKind.OVERRIDE_RATE, StreamKind.OVERRIDE_FP_RATE, StreamKind.OVERRIDE_FN_RATE}
)


def weekly(session: ReadSession, actor: Actor, stream: Stream, *, day: date) -> Course:
    """Return a stream week by week, up to the last one that is over on `day`.

    Of a week with fewer than ten cases, or that would give another level's away, only that it was.

    Raises:
        Invalid: no week is over.
        NoSeries: as `daily.course`.
    """
    today = session.now().date()
    last = disclosure.whole_weeks(date.min + timedelta(days=7), day, today)[1]
    found = course(session, actor, stream, day=last)
    hidden = _hidden(session, actor, stream, last)
    days = [
        _week(monday, list(held), is_hidden=monday in hidden)
        for monday, held in groupby(found.days, key=lambda each: _monday(each.day))
    ]
    return replace(found, days=tuple(days))


def _week(monday: date, days: list[Day], *, is_hidden: bool) -> Day:
    n = sum(each.n or 0 for each in days)
    if is_hidden or n < disclosure.SMALLEST:
        return Day(monday, None, None, None, None, None, "")
    known = [(each.value, each.n) for each in days if each.value is not None and each.n]
    of = sum(cases for _, cases in known)
    value = sum(held * cases for held, cases in known) / of if of else None
    end = days[-1]
    since = None if end.since is None else _monday(end.since)
    return Day(monday, n, value, end.estimate, end.level, since, end.mark)


def _hidden(session: ReadSession, actor: Actor, stream: Stream, last: date) -> set[date]:
    """Return the weeks of a level that are withheld for their own sake or for another level's."""
    scope = Scope(stream.version_id, stream.site_id, stream.subject, to_day=last)
    weeks: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for turn in places.in_turn(session, actor, scope, (stream.axis,)):
        for series in turn:
            of = series.decided if stream.kind in _DECIDED else series.n
            for day, n in zip(series.days, of.tolist(), strict=True):
                weeks[_monday(day)][series.level] += n
    if stream.axis == ALL:
        return {monday for monday, held in weeks.items() if held[ALL] < disclosure.SMALLEST}
    return {
        monday
        for monday, held in weeks.items()
        if stream.level in disclosure.hidden_levels(stream.axis, held)
    }


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
