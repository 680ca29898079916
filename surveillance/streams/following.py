"""One stream among all: its days, for a chart, whatever it is counted from."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from surveillance.axes import ALL
from surveillance.measures.intervals import Interval
from surveillance.records.models import FEATURE
from surveillance.records.repository import Scope
from surveillance.streams import (
    categories,
    comparison,
    embeddings,
    features,
    operations,
    outputs,
    performance,
    places,
)
from surveillance.streams.assessment import Assessment
from surveillance.streams.judging import Item
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Sample
from surveillance.streams.together import Together
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

# What a sample holds of each day.
PER_DAY = ("counts", "events", "n", "truths", "claim", "variance", "positives", "negatives")
Read = Callable[[ReadSession, Actor, Stream, date], Iterable[Item]]


def item(session: ReadSession, actor: Actor, stream: Stream, *, day: date) -> Item | None:
    """Return what is to be judged of a stream up to `day`, muted or not.

    None: nothing is counted of it.
    """
    # Silence is of hours, and has no days.
    if stream.kind not in _READ:
        return None
    for found in _READ[stream.kind](session, actor, stream, day):
        of = found if isinstance(found, Assessment) else found.asked
        if of.stream == stream:
            return found
    return None


def name(stream: Stream) -> str:
    """Return what the stream is called where it is declared or muted: docs/streams.md."""
    if stream.kind is StreamKind.CATEGORY:
        return stream.axis
    numbers = (StreamKind.FEATURE, StreamKind.MISSING_RATE)
    return stream.subject.removeprefix(FEATURE) if stream.kind in numbers else stream.kind.value


def cut(sample: Sample, days: slice) -> Sample:
    """Return some of a sample's days."""
    held: Any = sample
    if isinstance(held, Together):
        numbers: Any = tuple(cut(number, days) for number in held.numbers)
        held = replace(held, numbers=numbers)
    own = {name: getattr(held, name)[days] for name in PER_DAY if hasattr(held, name)}
    found: Sample = replace(
        held, asked=replace(held.asked, ordinals=held.asked.ordinals[days]), **own
    )
    return found


def estimate(sample: Sample, between: float) -> Interval | None:
    """Return the estimate over a sample's days; None: there is none without more cases.

    `between` is the variance of a day's mean or rate beside chance.
    """
    if sample.cases.sum() <= 0:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        found = sample.interval(0, between)
    bounds = (found.estimate, found.low, found.high)
    return found if np.isfinite(bounds).all() else None


def _outputs(session: ReadSession, actor: Actor, stream: Stream, day: date) -> Iterator[Item]:
    scope = _scope(stream, day)
    look = outputs.Look.on(session, actor, day, scope, groups=stream.axis != ALL).with_muted
    turns = places.in_turn(session, actor, scope, (stream.axis,))
    own = [one for turn in turns for one in turn if one.level == stream.level]
    yield from outputs.items(look, own, {stream.kind: outputs.ASKED[stream.kind]})


def _labels(session: ReadSession, actor: Actor, stream: Stream, day: date) -> Iterator[Item]:
    axes = (ALL,) if stream.axis == ALL else (ALL, stream.axis)
    scope = _scope(stream, day)
    return performance.sampled(session, actor, day=day, scope=scope, axes=axes, even_muted=True)


def _of(sampled: Callable[..., Iterator[Item]]) -> Read:
    def read(session: ReadSession, actor: Actor, stream: Stream, day: date) -> Iterator[Item]:
        return sampled(session, actor, day=day, scope=_scope(stream, day), even_muted=True)

    return read


def _embedding(session: ReadSession, actor: Actor, stream: Stream, day: date) -> Iterator[Item]:
    # It is made of several numbers, each counted under a name of its own.
    scope = replace(_scope(stream, day), finding_key=None)
    return embeddings.sampled(session, actor, day=day, scope=scope, even_muted=True)


def _scope(stream: Stream, day: date) -> Scope:
    return Scope(stream.version_id, stream.site_id, stream.subject, to_day=day)


_READ: Mapping[StreamKind, Read] = {
    **dict.fromkeys(outputs.ASKED, _outputs),
    **dict.fromkeys(performance.ASKED, _labels),
    **dict.fromkeys(
        (StreamKind.FEATURE, StreamKind.MISSING_RATE, *features.KINDS.values()),
        _of(features.sampled),
    ),
    **dict.fromkeys((StreamKind.CATEGORY, StreamKind.UNSEEN_CATEGORY), _of(categories.sampled)),
    **dict.fromkeys(
        (
            StreamKind.SKIPPED_RATE,
            StreamKind.FAILED_RATE,
            StreamKind.VOLUME,
            StreamKind.DELIVERY,
        ),
        _of(operations.sampled),
    ),
    StreamKind.EMBEDDING: _embedding,
    StreamKind.DISAGREEMENT: _of(comparison.sampled),
}
