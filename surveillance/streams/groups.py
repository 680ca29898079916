"""The same of each group: scores and flags of every level of every axis, against the group's own.

A group differs from everybody without anything having changed: its scores are held against those
of the reference's cases of the same group, and a group that the reference does not know has too
little.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from surveillance.axes import ALL
from surveillance.crosses import service as crosses
from surveillance.records.repository import Scope
from surveillance.streams import places
from surveillance.streams.assessment import Assessment
from surveillance.streams.judging import judge
from surveillance.streams.kinds import StreamKind
from surveillance.streams.outputs import Look, flags, items, scores
from surveillance.streams.series import Series
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

ASKED = {StreamKind.SCORE: scores, StreamKind.FLAG_RATE: flags}


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess the scores and flags of every group of every version at every site in scope."""
    look = Look.on(session, actor, day, scope, groups=True)
    until = Scope(scope.version_id, scope.site_id, scope.finding_key, to_day=day)
    turns = places.in_turn(session, actor, until, (ALL, *crosses.axes(session)))
    return judge(item for turn in turns for item in items(look, list(subgroups(turn)), ASKED))


def subgroups(found: Sequence[Series]) -> Iterator[Series]:
    """Leave out everybody, and levels that hold every case: they say the same a second time."""
    everybody = {
        (series.stream, series.reference_id): int(series.n.sum())
        for series in found
        if series.axis == ALL
    }
    for series in found:
        whole = everybody.get((series.stream, series.reference_id))
        if series.axis != ALL and int(series.n.sum()) != whole:
            yield series
