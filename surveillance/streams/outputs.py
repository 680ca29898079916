"""What a version says and what readers make of it: scores, flags, overrides, what is ignored.

Everybody together; `streams.groups` asks the same of the groups.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from surveillance.axes import ALL
from surveillance.declarations import service as declarations
from surveillance.declarations.service import Watched
from surveillance.measures.histogram import Counts
from surveillance.records.repository import Scope
from surveillance.references.baselines import MIN_GROUP
from surveillance.references.models import Reference
from surveillance.streams import held, places, remarks, repository
from surveillance.streams.assessment import (
    MIN_BASELINE,
    MIN_DECIDED,
    MIN_SCORES,
    NO_REFERENCE,
    Assessment,
    Shortage,
)
from surveillance.streams.held import InForce
from surveillance.streams.judging import Item, judge, lacking, made
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.remarks import remarked
from surveillance.streams.samples import Asked, Counted, Ranked, not_scores
from surveillance.streams.series import Series
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

# What nobody decided by then was ignored.
DECIDE_WITHIN = timedelta(days=14)
Later = Mapping[tuple[str, str, str], int]
Named = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Look:
    """One look at the counts: what is in force and watched, until when, and what lies beyond."""

    day: date
    held: InForce
    later: Later
    watched: Watched

    @property
    def with_muted(self) -> "Look":
        """Return the look that takes no notice of what the network muted."""
        return replace(self, watched=Watched({}, {}))

    @classmethod
    def on(
        cls, session: ReadSession, actor: Actor, day: date, scope: Scope, *, groups: bool = False
    ) -> "Look":
        # What is dated after tomorrow comes from a clock that is wrong, whatever day is looked at.
        tomorrow = max(day, session.now().date()) + timedelta(days=1)
        later = repository.later(session, actor, scope, tomorrow)
        in_force = InForce.on(session, day, groups=groups)
        # What is asked for here is watched whatever a package names: no package is read.
        return cls(day, in_force, later, declarations.watched(session, (), day))


Ask = Callable[[Look, Stream, Series, Reference], Item]


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess the outputs of every version at every site in scope, for everybody together."""
    look = Look.on(session, actor, day, scope)
    until = Scope(scope.version_id, scope.site_id, scope.finding_key, to_day=day)
    turns = places.in_turn(session, actor, until, (ALL,))
    return judge(item for turn in turns for item in items(look, turn, ASKED))


def items(look: Look, found: Sequence[Series], asked: Mapping[StreamKind, Ask]) -> Iterator[Item]:
    """Return what is asked of each series that counts, or that nobody set a reference for.

    Nothing is asked of a stream that the network muted.
    """
    by_stream: dict[Named, list[Series]] = {}
    for series in found:
        by_stream.setdefault((*series.stream, series.axis, series.level), []).append(series)
    for (version_id, site_id, subject, axis, level), each in by_stream.items():
        reference = look.held.reference(version_id, site_id, subject)
        counted = next(
            (one for one in each if reference and one.reference_id == reference.id), None
        )
        names = look.watched.of(version_id, site_id)
        for kind, ask in asked.items():
            if kind not in names:
                continue
            stream = Stream(version_id, site_id, subject, kind, axis, level)
            item = _item(look, stream, reference, counted, ask)
            if reference is not None and kind in HEARD:
                begins = look.held.begins(stream)
                clause = _left_out(each, counted, begins, reference.effective_from)
                item = remarked(item, clause)
            yield item


def _item(
    look: Look, stream: Stream, reference: Reference | None, series: Series | None, ask: Ask
) -> Item:
    if reference is None:
        return lacking(stream, None, NO_REFERENCE)
    if series is None:
        what = Shortage("predictions since the reference", 0, MIN_SCORES)
        return lacking(stream, reference.id, what)
    begins = max(look.held.begins(stream), reference.effective_from - timedelta(days=1))
    return made(stream, reference.id, lambda: ask(look, stream, series.after(begins), reference))


def _left_out(
    of_stream: Sequence[Series], counted: Series | None, begins: date, effective_from: date
) -> str:
    """Say how many decisions became known before the days that count."""
    known = sum(int(each.heard.sum()) for each in of_stream)
    last = max(begins, effective_from - timedelta(days=1))
    kept = int(counted.after(last).heard.sum()) if counted else 0
    return remarks.left_out(known - kept, "decisions", begins, effective_from)


def scores(look: Look, stream: Stream, series: Series, reference: Reference) -> Item:
    """Ask for the ranks of scores among the reference's, in both directions."""
    against = held.histogram(reference, stream.axis, stream.level)
    if against is None:
        return _no_group(stream, reference)
    series = series.with_cases()
    counts = series.on_edges(len(against))
    asked = Asked(
        stream=stream,
        reference_id=reference.id,
        ordinals=series.ordinals,
        what="predictions",
        need=MIN_SCORES,
        reliance=_reliance(look, stream, counts),
    )
    return Ranked(asked, counts, against, look.held.tolerance(stream))


def flags(look: Look, stream: Stream, series: Series, reference: Reference) -> Item:
    """Ask for the share of flagged cases, in both directions."""
    baseline = held.share(reference, "flagged", stream.axis, stream.level)
    if baseline is None:
        return _no_group(stream, reference)
    series = series.with_cases()
    asked = Asked(
        stream=stream,
        reference_id=reference.id,
        ordinals=series.ordinals,
        what="predictions",
        need=MIN_SCORES,
        reliance=_reliance(look, stream),
    )
    return Counted(asked, series.flagged, series.n, baseline, look.held.tolerance(stream))


def overrides(name: str, events: Callable[[Series], Counts]) -> Ask:
    """Ask how often readers override, of what they decided, in both directions.

    Fewer overrides can be readers who follow the model without looking. A decision counts on the
    day that it became known: one that comes late changes no day that was looked at, and is not lost
    where its case is from before a resolution.
    """

    def ask(look: Look, stream: Stream, series: Series, reference: Reference) -> Item:
        baseline = held.share(reference, name, stream.axis, stream.level)
        heard = series.with_decisions()
        return _decided(look, stream, reference, baseline, heard, events(heard), heard.heard)

    return ask


def ignored(look: Look, stream: Stream, series: Series, reference: Reference) -> Item:
    """Ask how often readers decide nothing on what they were shown, once they had time to."""
    baseline = held.share(reference, "ignored", stream.axis, stream.level)
    due = series.with_cases().until(look.day - DECIDE_WITHIN)
    # A decision that is taken back, or on what was not shown, makes no negative count.
    events = np.maximum(due.shown - due.decided, 0)
    return _decided(look, stream, reference, baseline, due, events, due.shown)


def _decided(
    look: Look,
    stream: Stream,
    reference: Reference,
    baseline: tuple[int, int] | None,
    series: Series,
    events: Counts,
    n: Counts,
) -> Item:
    what = "cases shown" if stream.kind is StreamKind.IGNORED_RATE else "decided cases"
    if baseline is None or baseline[1] < MIN_BASELINE:
        have = baseline[1] if baseline else 0
        item = lacking(
            stream, reference.id, Shortage(f"{what} in the baseline", have, MIN_BASELINE)
        )
        return remarked(item, remarks.new_reference(series.ordinals, n, what, MIN_BASELINE))
    asked = Asked(
        stream=stream,
        reference_id=reference.id,
        ordinals=series.ordinals,
        what=what,
        need=MIN_DECIDED,
        reliance=_reliance(look, stream),
    )
    return Counted(asked, events, n, baseline, look.held.tolerance(stream))


ASKED: Mapping[StreamKind, Ask] = {
    StreamKind.SCORE: scores,
    StreamKind.FLAG_RATE: flags,
    StreamKind.OVERRIDE_RATE: overrides("overridden", lambda series: series.overridden),
    StreamKind.OVERRIDE_FP_RATE: overrides("override_fp", lambda series: series.heard_fp),
    StreamKind.OVERRIDE_FN_RATE: overrides("override_fn", lambda series: series.heard_fn),
    StreamKind.IGNORED_RATE: ignored,
}
# Those that count decisions on the day that they became known.
HEARD = frozenset(
    {StreamKind.OVERRIDE_RATE, StreamKind.OVERRIDE_FP_RATE, StreamKind.OVERRIDE_FN_RATE}
)


def _no_group(stream: Stream, reference: Reference) -> Item:
    return lacking(stream, reference.id, Shortage("reference cases of this group", 0, MIN_GROUP))


def _reliance(look: Look, stream: Stream, counts: NDArray[np.int32] | None = None) -> str:
    """Say what is left out of the numbers: scores that are none, and days still to come."""
    said = []
    if counts is not None and (without := not_scores(counts)):
        said.append(without)
    later = look.later.get((stream.version_id, stream.site_id, stream.subject), 0)
    if later and stream.axis == ALL:
        said.append(f"{later} cases dated in the future are left out: a clock is wrong")
    return "; ".join(said)
