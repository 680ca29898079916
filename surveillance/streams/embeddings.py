"""What a model sees, or says, as a whole: one stream of all directions of its vectors.

A shift that no finding, image statistic or attribute names by itself moves the vector that the
model makes of an image. Its directions, length and distance are numbers of each run
(`records.vectors`), each with a reference of its own; here they are judged together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np

from surveillance.axes import ALL
from surveillance.declarations import service as declarations
from surveillance.records import vectors
from surveillance.records.embedding import MIN_VECTORS
from surveillance.records.models import FEATURE
from surveillance.records.repository import Scope
from surveillance.records.vectors import DISTANCE, NORM, STREAM, SUBJECT
from surveillance.references.models import Reference
from surveillance.streams import features, repository
from surveillance.streams.assessment import MIN_SCORES, NO_REFERENCE, Assessment, Shortage
from surveillance.streams.held import InForce
from surveillance.streams.judging import Item, judge, lacking, made
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Asked, Ranked
from surveillance.streams.series import Series, from_batches
from surveillance.streams.together import Together
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

Place = tuple[str, str]
Told = Mapping[str, Any]
_ELSEWHERE = {NORM: "its length", DISTANCE: "its distance from the centre of the reference"}


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess the vectors of every version at every site in scope that makes any."""
    return judge(sampled(session, actor, day=day, scope=scope))


def sampled(
    session: ReadSession, actor: Actor, *, day: date, scope: Scope, even_muted: bool = False
) -> Iterator[Item]:
    """Yield what is to be judged: the days of each stream, or why it cannot be."""
    until = Scope(scope.version_id, scope.site_id, scope.finding_key, to_day=day)
    places = repository.counted_places(session, actor, until)
    in_force = InForce.on(session, day)
    versions = {version_id for version_id, _ in places}
    watched = declarations.watched(session, versions, day, even_muted=even_muted)
    for version_id, site_id in places:
        if STREAM in watched.of(version_id, site_id):
            here = replace(until, version_id=version_id, site_id=site_id)
            yield from _items((version_id, site_id), _series(session, actor, here), in_force)


def _series(session: ReadSession, actor: Actor, scope: Scope) -> list[Series]:
    subjects = f"{SUBJECT}_%"
    return from_batches(repository.daily(session, actor, scope, (ALL,), numbers=subjects))


def _items(place: Place, found: Sequence[Series], in_force: InForce) -> Iterator[Item]:
    if not found:
        return
    stream = Stream(*place, SUBJECT, StreamKind.EMBEDDING)
    basis = in_force.reference(*place, SUBJECT)
    if basis is None:
        made_of = sum(int(each.n.sum()) for each in found if each.finding_key == f"{FEATURE}{NORM}")
        what = Shortage(
            "vectors that a reference is made of", min(made_of, MIN_VECTORS), MIN_VECTORS
        )
        if made_of >= MIN_VECTORS:
            what = NO_REFERENCE
        yield lacking(stream, None, what)
        return
    told: Told = basis.baselines or {}
    wanted = vectors.names(len(told["directions"]))
    counted = [_counted(name, place, found, in_force) for name in wanted]
    known = [each for each in counted if each is not None]
    if len(known) < len(wanted):
        what = Shortage("studies since the reference", 0, MIN_SCORES)
        yield lacking(stream, basis.id, what)
        return
    begins = max(in_force.begins(stream), basis.effective_from - timedelta(days=1))
    tolerance = in_force.tolerance(stream)
    yield made(stream, basis.id, partial(_together, stream, basis, known, begins, tolerance))
    missing = Stream(*place, SUBJECT, StreamKind.MISSING_RATE)
    series, reference = known[wanted.index(NORM)]
    begins = max(in_force.begins(missing), basis.effective_from - timedelta(days=1))
    ask = partial(features.missing, missing, series.after(begins), reference)
    yield made(missing, basis.id, partial(ask, in_force.tolerance(missing)))


def _counted(
    name: str, place: Place, found: Sequence[Series], in_force: InForce
) -> tuple[Series, Reference] | None:
    """Return what was counted of a number on its reference's edges, if anything was."""
    subject = f"{FEATURE}{name}"
    reference = in_force.reference(*place, subject)
    if reference is None:
        return None
    same = (
        each for each in found if (each.finding_key, each.reference_id) == (subject, reference.id)
    )
    series = next(same, None)
    return None if series is None else (series, reference)


def _together(
    stream: Stream,
    basis: Reference,
    known: Sequence[tuple[Series, Reference]],
    begins: date,
    tolerance: float,
) -> Item:
    held = [(series.after(begins), reference) for series, reference in known]
    # A run has all of its numbers or none: their days are the same.
    asked = Asked(
        stream=stream,
        reference_id=basis.id,
        ordinals=held[0][0].ordinals,
        what="studies with a vector",
        need=MIN_SCORES,
    )
    return Together(
        asked,
        tuple(_ranked(asked, *each, tolerance) for each in held),
        partial(_told, basis.baselines or {}),
    )


def _ranked(asked: Asked, series: Series, reference: Reference, tolerance: float) -> Ranked:
    against = np.asarray(reference.histogram)
    return Ranked(asked, series.on_edges(len(against)).astype(np.int64), against, tolerance)


def _told(told: Told, place: int, is_beyond: bool) -> str:
    """Say what the vector is, whether it moved, and in which direction most."""
    directions: Sequence[str] = told["directions"]
    name = vectors.names(len(directions))[place]
    where = _ELSEWHERE.get(name) or _direction(place, directions, told["spread"])
    whole = f"what the model {told['verb']} as a whole ({told['what']})"
    how = "has moved: most" if is_beyond else "is within what is tolerated: furthest from it"
    return f"{whole} {how} in {where}"


def _direction(place: int, directions: Sequence[str], spread: Sequence[float]) -> str:
    of = f"{directions[place]}, " if directions[place] else ""
    share = f"{100 * spread[place]:.0f}% of the reference's spread"
    return f"direction {place + 1} of {len(directions)} ({of}{share})"
