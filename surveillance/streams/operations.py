"""How the work goes: what is left out, fails, comes, stays away, and arrives in time.

What is normal are the days before the reference of the run (`-`), and where there is none the first
four weeks. Silence is looked at every hour too (`surveillance.streams.silence`).
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from math import sqrt

import numpy as np

from surveillance.axes import ALL
from surveillance.declarations import service as declarations
from surveillance.declarations.service import Watched
from surveillance.measures import volumes
from surveillance.measures.bets import Bets
from surveillance.measures.histogram import Counts
from surveillance.measures.intervals import Z95, Interval
from surveillance.measures.volumes import Rhythm
from surveillance.records.models import WHOLE_RUN
from surveillance.records.repository import Scope
from surveillance.streams import repository
from surveillance.streams.assessment import MIN_SCORES, Assessment, Shortage
from surveillance.streams.held import InForce
from surveillance.streams.judging import Item, judge, lacking, made
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.models import DeliveryDay
from surveillance.streams.packing import packed
from surveillance.streams.running import Running
from surveillance.streams.samples import Asked, Counted
from surveillance.streams.shares import OPENING_CASES, OPENING_DAYS, Shares, from_rows
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor

MIN_DAYS = 7
# From a study that is complete to its result at the destination.
DELIVERED_WITHIN = timedelta(minutes=15)
# A delivery is tried for so long; what comes later than this counts as it stood.
SETTLED_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Paced:
    """Cases of each day held against those of its weekday; the estimate is how many times as many.

    Attributes:
        counts: cases of each day, of every day.
        rhythm: what was normal.
    """

    asked: Asked
    counts: Counts
    rhythm: Rhythm
    factor: float

    @property
    def cases(self) -> Counts:
        return np.ones(len(self.counts), dtype=np.int64)

    @property
    def expected(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        return self.rhythm.expected[volumes.weekday(self.asked.ordinals)]

    @property
    def normal(self) -> float:
        return 1.0

    @property
    def shape(self) -> Hashable:
        return Paced

    def fault(self) -> str | None:
        wrong = int((self.counts < 0).sum())
        return f"{wrong} days have fewer cases than none" if wrong else None

    def event(self) -> None:
        return None

    def interval(self, first: int, between: float) -> Interval:
        had, due = float(self.counts[first:].sum()), float(self.expected[first:].sum())
        days = len(self.counts) - first
        half = Z95 * sqrt(max(had, 1.0) + had**2 * self.rhythm.spread / days) / due
        return Interval(had / due, max(0.0, had / due - half), had / due + half)

    def reliance(self, first: int) -> str:
        return self.asked.reliance

    @staticmethod
    def bets(samples: Sequence["Paced"]) -> Bets:
        return volumes.on_volume(
            packed([one.counts for one in samples]).astype(np.float64),
            packed([one.expected for one in samples]),
            np.array([one.rhythm.error for one in samples]),
            np.array([one.rhythm.spread for one in samples]),
            np.array([one.factor for one in samples]),
        )


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess the work of every version at every site in scope."""
    return judge(sampled(session, actor, day=day, scope=scope))


def sampled(
    session: ReadSession, actor: Actor, *, day: date, scope: Scope, even_muted: bool = False
) -> Iterator[Item]:
    """Yield what is to be judged: the days of each stream, or why it cannot be."""
    until = Scope(scope.version_id, scope.site_id, to_day=day)
    runs = from_rows(repository.run_days(session, actor, until, (ALL,)), day)
    deliveries = repository.delivery_days(session, actor, until)
    in_force = InForce.on(session, day)
    watched = declarations.watched(
        session, {each.version_id for each in runs}, day, even_muted=even_muted
    )
    running = Running.of(session)
    for each in runs:
        yield from _of_runs(each, in_force, watched, running)
    for place, held in groupby(deliveries, key=lambda row: (row.version_id, row.site_id)):
        if StreamKind.DELIVERY in watched.of(*place):
            yield _of_deliveries(list(held), in_force)


def refresh(session: WriteSession, until: date) -> None:
    """Count the deliveries up to a day anew, from where they may still have changed."""
    last, _ = repository.last_days(session)
    begin = min(last or date.min, until - SETTLED_AFTER) if last else None
    first = datetime.min.replace(tzinfo=UTC) if begin is None else _midnight(begin)
    end = _midnight(until + timedelta(days=1))
    rows = repository.count_deliveries(session, first, end, DELIVERED_WITHIN, session.now())
    repository.replace_days(session, DeliveryDay, begin or date.min, until, rows)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _of_runs(
    shares: Shares, in_force: InForce, watched: Watched, running: Running
) -> Iterator[Item]:
    names = watched.of(shares.version_id, shares.site_id)
    reference = in_force.reference(shares.version_id, shares.site_id, WHOLE_RUN)
    normal = shares.before(reference.effective_from) if reference else 0
    if normal < OPENING_DAYS:
        normal = shares.opening
    asks = {
        StreamKind.SKIPPED_RATE: partial(_rate, shares.skipped[:, 0], falls=True),
        # Fewer failures than before are no concern.
        StreamKind.FAILED_RATE: partial(_rate, shares.failed[:, 0], falls=False),
        StreamKind.VOLUME: partial(_volume, running),
    }
    for kind, ask in asks.items():
        if kind not in names:
            continue
        stream = Stream(shares.version_id, shares.site_id, WHOLE_RUN, kind)
        if not normal:
            yield lacking(stream, None, _too_few(shares))
        else:
            yield made(stream, None, partial(ask, shares, normal, stream, in_force))


def _too_few(shares: Shares) -> Shortage:
    have, days = int(shares.total.sum()), len(shares.ordinals)
    if have < OPENING_CASES:
        return Shortage("studies to learn from", have, OPENING_CASES)
    return Shortage("days to learn from", days, OPENING_DAYS)


def _rate(
    events: Counts,
    shares: Shares,
    normal: int,
    stream: Stream,
    in_force: InForce,
    *,
    falls: bool,
) -> Item:
    total = shares.total
    wanted = _days(shares, normal, stream, in_force) & (total > 0)
    asked = Asked(
        stream=stream,
        reference_id=None,
        ordinals=shares.ordinals[wanted],
        what="studies",
        need=MIN_SCORES,
    )
    baseline = (int(events[:normal].sum()), int(total[:normal].sum()))
    tolerance = in_force.tolerance(stream)
    return Counted(asked, events[wanted], total[wanted], baseline, tolerance, falls)


def _volume(
    running: Running, shares: Shares, normal: int, stream: Stream, in_force: InForce
) -> Item:
    """Ask for the number of studies on days on which the version was at work."""
    at_work = running.whole_days((shares.version_id, shares.site_id), shares.ordinals)
    if not at_work.any():
        return lacking(stream, None, Shortage("whole days at work", 0, OPENING_DAYS))
    began = int(np.argmax(at_work))
    normal = max(normal, began + OPENING_DAYS)
    opening = at_work & (np.arange(len(at_work)) < normal)
    wanted = at_work & _days(shares, normal, stream, in_force)
    asked = Asked(
        stream=stream,
        reference_id=None,
        ordinals=shares.ordinals[wanted],
        what="days",
        need=MIN_DAYS,
    )
    if int(opening.sum()) < OPENING_DAYS:
        have = int(opening.sum())
        return lacking(stream, None, Shortage("whole days at work", have, OPENING_DAYS))
    rhythm = volumes.learned(shares.ordinals[opening], shares.total[opening])
    return Paced(asked, shares.total[wanted], rhythm, in_force.tolerance(stream))


def _days(
    shares: Shares, normal: int, stream: Stream, in_force: InForce
) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Return which days the detector sees: after what was normal, and the last resolution."""
    begins = in_force.begins(stream).toordinal()
    return (np.arange(len(shares.ordinals)) >= normal) & (shares.ordinals > begins)


def _of_deliveries(held: list[DeliveryDay], in_force: InForce) -> Item:
    stream = Stream(held[0].version_id, held[0].site_id, WHOLE_RUN, StreamKind.DELIVERY)
    n = np.array([row.n for row in held], dtype=np.int64)
    enough = np.flatnonzero(np.cumsum(n) >= OPENING_CASES)
    if not len(enough) or len(held) < OPENING_DAYS:
        what = Shortage("deliveries to learn from", int(n.sum()), OPENING_CASES)
        return lacking(stream, None, what)
    normal = max(OPENING_DAYS, int(enough[0]) + 1)
    ordinals = np.array([row.day.toordinal() for row in held], dtype=np.int64)
    late = np.array([row.late for row in held], dtype=np.int64)
    wanted = (np.arange(len(held)) >= normal) & (ordinals > in_force.begins(stream).toordinal())
    dead = int(np.array([row.dead for row in held])[wanted].sum())
    asked = Asked(
        stream=stream,
        reference_id=None,
        ordinals=ordinals[wanted],
        what="deliveries",
        need=MIN_SCORES,
        reliance=f"{dead} of them were given up" if dead else "",
    )
    baseline = (int(late[:normal].sum()), int(n[:normal].sum()))
    tolerance = in_force.tolerance(stream)
    return Counted(asked, late[wanted], n[wanted], baseline, tolerance, falls=False)
