"""Numbers of each run as streams: header, image, scores, durations, and how often one is missing.

A number is held against the reference of its own subject, `feature:NAME`, as a finding's score is.
What is missing or invalid is no number: it is counted, and its share is a stream of its own.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import numpy as np

from surveillance.axes import ALL
from surveillance.declarations import service as declarations
from surveillance.declarations.service import Watched
from surveillance.records.models import FEATURE
from surveillance.records.numbers import DECISION_TIME, TURNAROUND
from surveillance.records.repository import Scope
from surveillance.references.models import Reference
from surveillance.streams import repository
from surveillance.streams.assessment import MIN_SCORES, NO_REFERENCE, Assessment, Shortage
from surveillance.streams.held import InForce
from surveillance.streams.judging import Item, judge, lacking, made
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Asked, Counted, Ranked
from surveillance.streams.series import Series, from_batches
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

# A number whose kind is its own; every other is a feature.
KINDS = {TURNAROUND: StreamKind.TURNAROUND, DECISION_TIME: StreamKind.DECISION_TIME}


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess the numbers of every version at every site in scope."""
    return judge(sampled(session, actor, day=day, scope=scope))


def sampled(
    session: ReadSession, actor: Actor, *, day: date, scope: Scope, even_muted: bool = False
) -> Iterator[Item]:
    """Yield what is to be judged: the days of each stream, or why it cannot be."""
    until = Scope(scope.version_id, scope.site_id, scope.finding_key, to_day=day)
    # A version at a site at a time: memory is that of one.
    places = repository.counted_places(session, actor, until)
    in_force = InForce.on(session, day)
    watched = declarations.watched(
        session, {version_id for version_id, _ in places}, day, even_muted=even_muted
    )
    for version_id, site_id in places:
        here = replace(until, version_id=version_id, site_id=site_id)
        for each in _by_subject(_series(session, actor, here)):
            yield from _items(each, in_force, watched)


def _series(session: ReadSession, actor: Actor, scope: Scope) -> list[Series]:
    return from_batches(
        repository.daily(session, actor, scope, (ALL,), numbers=repository.EVERY_NUMBER)
    )


def _by_subject(found: list[Series]) -> list[list[Series]]:
    held: dict[tuple[str, str, str], list[Series]] = {}
    for series in found:
        held.setdefault(series.stream, []).append(series)
    return list(held.values())


def _items(held: list[Series], in_force: InForce, watched: Watched) -> Iterator[Item]:
    version_id, site_id, subject = held[0].stream
    name = subject.removeprefix(FEATURE)
    if name not in watched.of(version_id, site_id):
        return
    stream = Stream(version_id, site_id, subject, KINDS.get(name, StreamKind.FEATURE))
    reference = in_force.reference(version_id, site_id, subject)
    if reference is None:
        yield lacking(stream, None, NO_REFERENCE)
        return
    counted = next((one for one in held if one.reference_id == reference.id), None)
    if counted is None:
        what = Shortage("studies since the reference", 0, MIN_SCORES)
        yield lacking(stream, reference.id, what)
        return
    of_missing = Stream(version_id, site_id, subject, StreamKind.MISSING_RATE)
    for each, ask in ((stream, _numbers), (of_missing, missing)):
        begins = max(in_force.begins(each), reference.effective_from - timedelta(days=1))
        yield made(
            each,
            reference.id,
            partial(ask, each, counted.after(begins), reference, in_force.tolerance(each)),
        )


def _numbers(stream: Stream, series: Series, reference: Reference, tolerance: float) -> Item:
    against = np.asarray(reference.histogram)
    counts = series.on_edges(len(against)).astype(np.int64)
    asked = Asked(
        stream=stream,
        reference_id=reference.id,
        ordinals=series.ordinals,
        what="studies with the number",
        need=MIN_SCORES,
    )
    return Ranked(asked, counts, against, tolerance)


def missing(stream: Stream, series: Series, reference: Reference, tolerance: float) -> Item:
    """Ask how often a number is missing or invalid."""
    against = np.asarray(reference.histogram)
    counts = series.on_edges(len(against)).astype(np.int64)
    asked = Asked(
        stream=stream,
        reference_id=reference.id,
        ordinals=series.ordinals,
        what="studies",
        need=MIN_SCORES,
        reliance=_reliance(int(counts[:, -1].sum())),
    )
    baseline = (int(against[-2:].sum()), int(against.sum()))
    return Counted(asked, counts[:, -2:].sum(axis=1), counts.sum(axis=1), baseline, tolerance)


def _reliance(invalid: int) -> str:
    return f"{invalid} of them were no possible number" if invalid else ""
