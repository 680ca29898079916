"""Shares of makers, views and other levels among the runs, and levels that were never seen before.

Each level but the most frequent one is a stream: of two levels one says what the other does. A
level that the reference never had is an event and no question of evidence: its first study is a
watch; from ten studies on, or three that are a hundredth of a week's, it escalates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import log

import numpy as np

from model_registry.packages.monitoring import CATEGORIES
from surveillance.axes import UNKNOWN
from surveillance.declarations import service as declarations
from surveillance.declarations.service import Watched
from surveillance.measures.categories import unseen
from surveillance.measures.detector import HORIZON, WATCH, Evidence
from surveillance.measures.histogram import Counts
from surveillance.measures.intervals import wilson
from surveillance.records.models import WHOLE_RUN
from surveillance.records.repository import Scope
from surveillance.references.models import Reference
from surveillance.streams import repository
from surveillance.streams.assessment import MIN_SCORES, Assessment, Bounds, Shortage
from surveillance.streams.held import InForce
from surveillance.streams.judging import Item, judge, lacking
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Asked, Counted
from surveillance.streams.shares import OPENING_CASES, Shares, from_rows
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

# The other levels together are one more.
MOST_LEVELS = 12
OTHER = "other"
CASES_OF_AN_EVENT = 10
CASES_OF_A_WEEK, SHARE_OF_A_WEEK = 3, 0.01
WEEK = 7


@dataclass(frozen=True)
class Normal:
    """How often each level was had, and by how many days of the series."""

    reference_id: str | None
    levels: Mapping[str, int]
    days: int


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess the categories of every version at every site in scope."""
    return judge(sampled(session, actor, day=day, scope=scope))


def sampled(
    session: ReadSession, actor: Actor, *, day: date, scope: Scope, even_muted: bool = False
) -> Iterator[Item]:
    """Yield what is to be judged: the days of each stream, or why it cannot be."""
    until = Scope(scope.version_id, scope.site_id, to_day=day)
    # A version at a site at a time: memory is that of one.
    places = repository.counted_places(session, actor, until)
    in_force = InForce.on(session, day)
    watched = declarations.watched(
        session, {version_id for version_id, _ in places}, day, even_muted=even_muted
    )
    for version_id, site_id in places:
        here = replace(until, version_id=version_id, site_id=site_id)
        for shares in _shares(session, actor, here, day):
            yield from _items(shares, in_force, watched)


def _shares(session: ReadSession, actor: Actor, scope: Scope, day: date) -> list[Shares]:
    return from_rows(repository.run_days(session, actor, scope, tuple(CATEGORIES)), day)


def _items(shares: Shares, in_force: InForce, watched: Watched) -> Iterator[Item]:
    version_id, site_id, axis = shares.version_id, shares.site_id, shares.axis
    names = watched.of(version_id, site_id)
    reference = in_force.reference(version_id, site_id, WHOLE_RUN)
    normal = _normal(shares, reference)
    if normal is None:
        if axis in names:
            stream = Stream(version_id, site_id, WHOLE_RUN, StreamKind.CATEGORY, axis)
            have = int(shares.total.sum())
            yield lacking(stream, None, Shortage("studies to learn from", have, OPENING_CASES))
        return
    if axis in names:
        yield from _shifts(shares, normal, in_force)
    # Groups that a site begins to tell are no scanner that came: all were unknown before.
    if StreamKind.UNSEEN_CATEGORY in names and set(normal.levels) != {UNKNOWN}:
        yield from _unseen(shares, normal, in_force)


def _normal(shares: Shares, reference: Reference | None) -> Normal | None:
    """Return the levels of the reference, or else those that the first days had."""
    known = ((reference.baselines or {}) if reference else {}).get("levels", {}).get(shares.axis)
    if reference is not None and known:
        return Normal(reference.id, known, shares.before(reference.effective_from))
    days = shares.opening
    if not days:
        return None
    had = shares.n[:days].sum(axis=0).tolist()
    levels = {level: n for level, n in zip(shares.levels, had, strict=True) if n > 0}
    return Normal(None, levels, days)


def _shifts(shares: Shares, normal: Normal, in_force: InForce) -> Iterator[Item]:
    often = sorted(normal.levels, key=lambda level: (-normal.levels[level], level))
    now = _columns(shares)
    named = often[1 : 1 + MOST_LEVELS]
    rest = often[1 + MOST_LEVELS :]
    if UNKNOWN in now and UNKNOWN not in often:
        named.append(UNKNOWN)
    for level in named:
        events = now.get(level, np.zeros(len(shares.ordinals), dtype=np.int64))
        yield _shift(shares, normal, in_force, level, events, normal.levels.get(level, 0))
    if rest:
        events = sum((now[level] for level in rest if level in now), np.zeros_like(shares.ordinals))
        had = sum(normal.levels[level] for level in rest)
        yield _shift(shares, normal, in_force, OTHER, events, had)


def _shift(
    shares: Shares, normal: Normal, in_force: InForce, level: str, events: Counts, had: int
) -> Item:
    stream = Stream(
        shares.version_id, shares.site_id, WHOLE_RUN, StreamKind.CATEGORY, shares.axis, level
    )
    total = shares.total
    counts = np.arange(len(total)) >= _first(shares, normal, in_force, stream)
    held = counts & (total > 0)
    asked = Asked(
        stream=stream,
        reference_id=normal.reference_id,
        ordinals=shares.ordinals[held],
        what="studies",
        need=MIN_SCORES,
    )
    baseline = (had, sum(normal.levels.values()))
    return Counted(asked, events[held], total[held], baseline, in_force.tolerance(stream))


def _unseen(shares: Shares, normal: Normal, in_force: InForce) -> Iterator[Item]:
    since = shares.n[normal.days :]
    had = np.array([normal.levels.get(level, 0) for level in shares.levels])
    for index in unseen(since, had) if len(since) else ():
        level = shares.levels[index]
        stream = Stream(
            shares.version_id,
            shares.site_id,
            WHOLE_RUN,
            StreamKind.UNSEEN_CATEGORY,
            shares.axis,
            level,
        )
        # One that people have looked at is seen.
        if level != UNKNOWN and stream.key not in in_force.begins_after:
            yield _event(stream, normal, shares, index)


def _event(stream: Stream, normal: Normal, shares: Shares, index: int) -> Assessment:
    begins = normal.days
    seen = (np.flatnonzero(shares.n[begins:, index] > 0) + begins).tolist()
    first, last = (date.fromordinal(int(shares.ordinals[at])) for at in (seen[0], seen[-1]))
    n = int(shares.n[begins:, index].sum())
    of = int(shares.total[seen[0] :].sum())
    weeks = [(_in_week(shares.n[:, index], at), _in_week(shares.total, at)) for at in seen]
    is_event = n >= CASES_OF_AN_EVENT or any(
        had >= CASES_OF_A_WEEK and had >= SHARE_OF_A_WEEK * of_all for had, of_all in weeks
    )
    text = _said(stream, first, n)
    return Assessment(
        **vars(stream),
        reference_id=normal.reference_id,
        n=n,
        event=text if is_event else None,
        bounds=Bounds(0.0, 0.0, 0.0),
        # As much as a watch takes, and no evidence among all streams.
        evidence=Evidence(log(WATCH), HORIZON, 0),
        interval=wilson(n, of),
        window=(first, last),
        reliance=text,
    )


def _said(stream: Stream, first: date, n: int) -> str:
    studies = "1 study" if n == 1 else f"{n} studies"
    return (
        f"{stream.axis} {stream.level} was never seen before "
        f"{first.day} {first:%B %Y}, {studies} since"
    )


def _in_week(counts: Counts, last: int) -> int:
    return int(counts[max(0, last - WEEK + 1) : last + 1].sum())


def _first(shares: Shares, normal: Normal, in_force: InForce, stream: Stream) -> int:
    begins = in_force.begins(stream)
    return max(normal.days, 0 if begins == date.min else shares.before(begins + timedelta(days=1)))


def _columns(shares: Shares) -> dict[str, Counts]:
    return {level: shares.n[:, index] for index, level in enumerate(shares.levels)}
