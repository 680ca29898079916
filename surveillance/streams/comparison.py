"""Two versions of one model on the same studies, and readers with the model.

A candidate runs in the shadow of the version in use; how often the two differ is a stream, held
against its first four weeks. Which of the two flags more is McNemar's question (Psychometrika
1947;12:153-157). Concordance of readers and model is one less the share of overrides, which is a
stream already: a second alarm on the same number would say nothing new.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

import numpy as np
from scipy.special import bdtr

from surveillance.declarations import service as declarations
from surveillance.measures.intervals import Interval, wilson
from surveillance.records.repository import Scope
from surveillance.streams import repository
from surveillance.streams.assessment import MIN_SCORES, Assessment, Shortage
from surveillance.streams.held import InForce
from surveillance.streams.judging import Item, judge, lacking
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.models import ComparisonDay
from surveillance.streams.samples import Asked, Counted
from surveillance.streams.shares import OPENING_CASES, OPENING_DAYS
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

# A candidate may run off-peak, days after the version in use.
SETTLED_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Compared:
    """A candidate and the version in use on the same studies of a site, for one finding.

    Attributes:
        p_value: exact, two-sided, of McNemar's test: whether one of the two flags more.
    """

    version_id: str
    champion_id: str
    site_id: str
    finding_key: str
    both: int
    only_champion: int
    only_candidate: int
    neither: int
    differ: Interval
    p_value: float

    @property
    def n(self) -> int:
        return self.both + self.only_champion + self.only_candidate + self.neither


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess how often candidates and versions in use differ."""
    return judge(sampled(session, actor, day=day, scope=scope))


def sampled(
    session: ReadSession, actor: Actor, *, day: date, scope: Scope, even_muted: bool = False
) -> Iterator[Item]:
    """Yield what is to be judged: the days of each stream, or why it cannot be."""
    until = Scope(scope.version_id, scope.site_id, scope.finding_key, to_day=day)
    rows = repository.comparison_days(session, actor, until)
    in_force = InForce.on(session, day)
    watched = declarations.watched(
        session, {row.version_id for row in rows}, day, even_muted=even_muted
    )
    for stream, days in groupby(rows, key=_stream):
        if StreamKind.DISAGREEMENT in watched.of(stream[0], stream[1]):
            yield _item(list(days), in_force)


def compared(
    session: ReadSession, actor: Actor, *, version_id: str, from_day: date, to_day: date
) -> list[Compared]:
    """Return what a candidate and each version in use said of the same studies, in some days."""
    actor.require(Permission.SURVEILLANCE_READ)
    scope = Scope(version_id, from_day=from_day, to_day=to_day)
    held: dict[tuple[str, str, str], list[ComparisonDay]] = {}
    for row in repository.comparison_days(session, actor, scope):
        held.setdefault((row.champion_id, row.site_id, row.finding_key), []).append(row)
    return [_compared(rows) for _, rows in sorted(held.items())]


def refresh(session: WriteSession, until: date) -> None:
    """Compare the candidates' last days anew, with what came late."""
    _, last = repository.last_days(session)
    begin = min(last, until - SETTLED_AFTER) if last else datetime.min.replace(tzinfo=UTC).date()
    rows = repository.compare(session, begin, until)
    repository.replace_days(session, ComparisonDay, begin, until, rows)


def _stream(row: ComparisonDay) -> tuple[str, str, str]:
    return (row.version_id, row.site_id, row.finding_key)


def _item(days: list[ComparisonDay], in_force: InForce) -> Item:
    stream = Stream(*_stream(days[0]), StreamKind.DISAGREEMENT)
    # Another version in use is another comparison.
    champion = max(days, key=lambda row: row.day).champion_id
    held = [row for row in days if row.champion_id == champion]
    differ = np.array([row.only_champion + row.only_candidate for row in held], dtype=np.int64)
    n = np.array([_n(row) for row in held], dtype=np.int64)
    enough = np.flatnonzero(np.cumsum(n) >= OPENING_CASES)
    if not len(enough) or len(held) < OPENING_DAYS:
        what = Shortage("studies of both versions to learn from", int(n.sum()), OPENING_CASES)
        return lacking(stream, None, what)
    normal = max(OPENING_DAYS, int(enough[0]) + 1)
    ordinals = np.array([row.day.toordinal() for row in held], dtype=np.int64)
    wanted = (np.arange(len(held)) >= normal) & (ordinals > in_force.begins(stream).toordinal())
    asked = Asked(
        stream=stream,
        reference_id=None,
        ordinals=ordinals[wanted],
        what="studies of both versions",
        need=MIN_SCORES,
    )
    baseline = (int(differ[:normal].sum()), int(n[:normal].sum()))
    return Counted(asked, differ[wanted], n[wanted], baseline, in_force.tolerance(stream))


def _compared(rows: Sequence[ComparisonDay]) -> Compared:
    first = rows[0]
    both, champion, candidate, neither = (
        sum(getattr(row, name) for row in rows)
        for name in ("both", "only_champion", "only_candidate", "neither")
    )
    differ = champion + candidate
    return Compared(
        version_id=first.version_id,
        champion_id=first.champion_id,
        site_id=first.site_id,
        finding_key=first.finding_key,
        both=both,
        only_champion=champion,
        only_candidate=candidate,
        neither=neither,
        differ=wilson(differ, both + differ + neither),
        p_value=_by_chance(champion, candidate),
    )


def _by_chance(one: int, other: int) -> float:
    """McNemar's exact test: how often a fair coin falls at least as unevenly.

    `scipy.stats` has it too, but takes half a second of every process's start to import.
    """
    return min(1.0, 2 * float(bdtr(min(one, other), one + other, 0.5)))


def _n(row: ComparisonDay) -> int:
    return row.both + row.only_champion + row.only_candidate + row.neither
