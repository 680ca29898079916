"""How well a version does on what later turned out to be so: misses, false alarms, area, claims.

Counted by the day on which Vigil came to know the label, whatever day it is dated: one that comes
late changes no day that was looked at, and is not lost where its date is before a resolution. What
came on one day is held apart by the days that it is dated (`truth.series`). A baseline is what the
reference's own labelled cases show; neither the supplier's card nor a local test stands in for one
silently.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from surveillance.axes import ALL
from surveillance.crosses import service as crosses
from surveillance.declarations import service as declarations
from surveillance.declarations.service import Watched
from surveillance.measures import batch_area
from surveillance.measures.histogram import Counts, valued
from surveillance.records.models import Basis
from surveillance.records.repository import Scope
from surveillance.references.models import Reference
from surveillance.streams import held
from surveillance.streams.assessment import NO_REFERENCE, Assessment, Shortage
from surveillance.streams.held import InForce
from surveillance.streams.judging import Item, judge, lacking, made
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.remarks import left_out, new_reference, remarked
from surveillance.streams.samples import Asked, Claimed, Counted, Ranking
from surveillance.truth import service as truth
from surveillance.truth.series import TruthSeries
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor

TO_SHOW = 30
TO_ALARM = 150
# What depends on which share of the cases is labelled.
OF_BOTH_KINDS = frozenset({StreamKind.PPV, StreamKind.CALIBRATION})
Chosen = NDArray[np.bool_]
Named = tuple[str, str, str, str, str]
Ask = Callable[[InForce, Stream, TruthSeries, Reference], Item]


def assess(session: ReadSession, actor: Actor, *, day: date, scope: Scope) -> list[Assessment]:
    """Assess what is known of every version at every site in scope, for everybody together."""
    return judge(sampled(session, actor, day=day, scope=scope))


def assess_groups(
    session: ReadSession, actor: Actor, *, day: date, scope: Scope
) -> list[Assessment]:
    """Assess the same for every group."""
    axes = (ALL, *crosses.axes(session))
    found = judge(sampled(session, actor, day=day, scope=scope, axes=axes))
    return [each for each in found if each.axis != ALL]


def sampled(
    session: ReadSession,
    actor: Actor,
    *,
    day: date,
    scope: Scope,
    axes: Sequence[str] = (ALL,),
    even_muted: bool = False,
) -> Iterator[Item]:
    """Yield what is to be judged: the days of each stream, or why it cannot be."""
    in_force = InForce.on(session, day, groups=tuple(axes) != (ALL,))
    until = Scope(scope.version_id, scope.site_id, scope.finding_key, to_day=day)
    found = truth.series(session, actor, until, basis=Basis.LABEL, axes=axes)
    # What is known of the truth is watched whatever a package names: no package is read.
    watched = declarations.watched(session, (), day, even_muted=even_muted)
    yield from _items(in_force, watched, _counting(found))


def _counting(found: Sequence[TruthSeries]) -> Iterator[TruthSeries]:
    """Leave out the groups that hold every labelled case: they say the same a second time."""
    everybody = {_place(each): int(each.n.sum()) for each in found if each.axis == ALL}
    for each in found:
        if each.axis == ALL or int(each.n.sum()) != everybody.get(_place(each)):
            yield each


def _place(series: TruthSeries) -> tuple[str, str, str, str | None]:
    return (series.version_id, series.site_id, series.finding_key, series.reference_id)


def _items(in_force: InForce, watched: Watched, found: Iterator[TruthSeries]) -> Iterator[Item]:
    for name, of_stream in _by_stream(found):
        version_id, site_id, finding_key, axis, level = name
        names = watched.of(version_id, site_id)
        reference = in_force.reference(version_id, site_id, finding_key)
        for kind, ask in ASKED.items():
            if kind not in names:
                continue
            stream = Stream(version_id, site_id, finding_key, kind, axis, level)
            if reference is None:
                yield lacking(stream, None, NO_REFERENCE)
            else:
                yield _item(in_force, stream, of_stream, reference, ask)


def _by_stream(found: Iterable[TruthSeries]) -> Iterator[tuple[Named, list[TruthSeries]]]:
    """Yield the series of each stream: one for each reference that it was counted on."""
    held: dict[Named, list[TruthSeries]] = {}
    for one in found:
        name = (one.version_id, one.site_id, one.finding_key, one.axis, one.level)
        held.setdefault(name, []).append(one)
    yield from held.items()


def _item(
    in_force: InForce,
    stream: Stream,
    of_stream: Sequence[TruthSeries],
    reference: Reference,
    ask: Ask,
) -> Item:
    series = next((one for one in of_stream if one.reference_id == reference.id), None)
    known, kept = sum(int(one.n.sum()) for one in of_stream), 0
    if series is None:
        what = Shortage("labelled cases since the reference", 0, TO_ALARM)
        item: Item = lacking(stream, reference.id, what)
    elif stream.kind in OF_BOTH_KINDS and (said := _one_sided(series)) is not None:
        item = Assessment(**vars(stream), reference_id=reference.id, fault=said)
    else:
        counted = series
        kept = int(series.n[_days(in_force, stream, series)].sum())
        item = made(stream, reference.id, lambda: ask(in_force, stream, counted, reference))
    begins = in_force.begins(stream)
    return remarked(item, left_out(known - kept, "labels", begins, reference.effective_from))


def _one_sided(series: TruthSeries) -> str | None:
    """Say that only one kind of case is labelled (verification bias): what rests on both is wrong.

    Begg and Greenes, "Assessment of diagnostic tests when disease verification is subject to
    selection bias", Biometrics 1983;39:207-215.
    """
    there, absent = (int(each.sum()) for each in (series.tp + series.fn, series.fp + series.tn))
    if there + absent < TO_ALARM or min(there, absent) > 0:
        return None
    kind = "with" if there else "without"
    return (
        f"all {there + absent} labelled cases are {kind} the finding: the others are not labelled"
    )


def _rate(
    name: str,
    what: str,
    events: Callable[[TruthSeries], Counts],
    n: Callable[[TruthSeries], Counts],
    *,
    falls: bool = False,
) -> Ask:
    def ask(in_force: InForce, stream: Stream, series: TruthSeries, reference: Reference) -> Item:
        baseline = held.share(reference, name, stream.axis, stream.level)
        if baseline is None or baseline[1] < TO_SHOW:
            have = baseline[1] if baseline else 0
            return _no_baseline(stream, reference, series, (what, have), n(series))
        days = _days(in_force, stream, series)
        asked = _asked(stream, reference, series, days, what)
        tolerance = in_force.tolerance(stream)
        return Counted(asked, events(series)[days], n(series)[days], baseline, tolerance, falls)

    return ask


def _area(in_force: InForce, stream: Stream, series: TruthSeries, reference: Reference) -> Item:
    known = held.labelled(reference, stream.axis, stream.level)
    if known is None or min(valued(each).sum() for each in known) < TO_SHOW:
        have = 0 if known is None else int(min(valued(each).sum() for each in known))
        lesser = np.minimum(series.tp + series.fn, series.fp + series.tn)
        what = "labelled positives and negatives"
        return _no_baseline(stream, reference, series, (what, have), lesser)
    positives, negatives = known
    expected = float(batch_area.area(positives, negatives))
    sizes = (np.asarray(float(valued(each).sum())) for each in known)
    # The reference does not know its own area better than that.
    error = batch_area.REFERENCE_ERRORS * float(batch_area.error(np.asarray(expected), *sizes))
    days = _days(in_force, stream, series)
    asked = _asked(stream, reference, series, days, "labelled cases of the rarer kind")
    up, down = (
        _on_edges(each, len(positives))[days] for each in (series.positives, series.negatives)
    )
    return Ranking(asked, up, down, expected, max(in_force.tolerance(stream), error))


def _claims(in_force: InForce, stream: Stream, series: TruthSeries, reference: Reference) -> Item:
    known = held.share(reference, "gap", stream.axis, stream.level)
    if known is None or known[1] < TO_SHOW:
        have = 0 if known is None else int(known[1])
        what = "labelled cases with a probability"
        return _no_baseline(stream, reference, series, (what, have), series.claimed)
    days = _days(in_force, stream, series)
    n, truths = series.n, series.tp + series.fn
    # Which of a day's cases claimed nothing is not known: such a day is left out whole.
    days &= series.claimed == n
    left_out = int((series.claimed != n).sum())
    said = f"{left_out} days with scores that are no probability are left out" if left_out else ""
    asked = _asked(stream, reference, series, days, "labelled cases", said)
    cases, brier = n[days].astype(np.float64), series.brier[days]
    # If claims hold, this is their variance; a day's own would be none where all went well.
    mean = np.cumsum(brier) / np.maximum(np.cumsum(cases), 1.0)
    normal = (float(known[0]) / known[1], known[1])
    tolerance = in_force.tolerance(stream)
    return Claimed(
        asked, n[days], truths[days], series.claim[days], mean * cases, normal, tolerance
    )


ASKED: Mapping[StreamKind, Ask] = {
    StreamKind.MISS_RATE: _rate(
        "miss", "labelled positives", lambda one: one.fn, lambda one: one.tp + one.fn
    ),
    StreamKind.FALSE_ALARM_RATE: _rate(
        "false_alarm", "labelled negatives", lambda one: one.fp, lambda one: one.fp + one.tn
    ),
    StreamKind.PPV: _rate(
        "ppv", "labelled flags", lambda one: one.tp, lambda one: one.tp + one.fp, falls=True
    ),
    StreamKind.AREA: _area,
    StreamKind.CALIBRATION: _claims,
}


def _asked(
    stream: Stream,
    reference: Reference,
    series: TruthSeries,
    days: Chosen,
    what: str,
    reliance: str = "",
) -> Asked:
    ordinals = np.array([day.toordinal() for day in series.days], dtype=np.int64)
    return Asked(
        stream=stream,
        reference_id=reference.id,
        ordinals=ordinals[days],
        what=what,
        need=TO_ALARM,
        show=TO_SHOW,
        reliance=reliance,
    )


def _days(in_force: InForce, stream: Stream, series: TruthSeries) -> Chosen:
    """Return which days came after the stream's last resolution."""
    begins = in_force.begins(stream)
    return np.array([day > begins for day in series.days], dtype=np.bool_)


def _no_baseline(
    stream: Stream,
    reference: Reference,
    series: TruthSeries,
    had: tuple[str, int],
    cases: Counts,
) -> Item:
    what, have = had
    item = lacking(stream, reference.id, Shortage(f"{what} in the reference", have, TO_SHOW))
    ordinals = np.array([day.toordinal() for day in series.days], dtype=np.int64)
    return remarked(item, new_reference(ordinals, cases, what, TO_SHOW))


def _on_edges(counts: Counts, slots: int) -> Counts:
    if counts.shape[1] == slots:
        return counts
    return np.zeros((len(counts), slots), dtype=np.int64)
