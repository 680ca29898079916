"""Find the likely causes of an alert, and the studies that show them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import numpy as np

from model_registry.versions import service as versions
from surveillance.alerts import service as alerts
from surveillance.alerts.models import Alert
from surveillance.axes import ALL, AXES, is_cross
from surveillance.causes import registry, repository, studies, sums
from surveillance.causes.evidence import Elsewhere, Event, Evidence
from surveillance.causes.groups import FEWEST, Groups, Numbers
from surveillance.causes.movements import Movement, movement
from surveillance.causes.ranking import NEAR, Explanation, explain
from surveillance.crosses import service as crosses
from surveillance.measures.ranks import ranks
from surveillance.records.models import FEATURE, SLOT, Basis
from surveillance.records.repository import Scope
from surveillance.records.vectors import is_of_vector
from surveillance.references import service as references
from surveillance.references.models import Reference
from surveillance.streams.kinds import StreamKind
from surveillance.truth import service as truth
from surveillance.truth.series import TruthSeries
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.objects import ObjectStore

BEFORE = timedelta(days=90)
LABELLED = frozenset({StreamKind.MISS_RATE, StreamKind.FALSE_ALARM_RATE, StreamKind.PPV})


def causes(session: ReadSession, actor: Actor, objects: ObjectStore, alert_id: str) -> Explanation:
    """Return what likely lies behind an alert, the likeliest first.

    The window of the alert is held against the 90 days before it; where there are too few cases
    then, against the cases of the reference.

    Raises:
        UnknownAlert: there is none, or not for this actor.
    """
    return of_alert(session, actor, objects, alerts.alert(session, actor, alert_id))


def of_alert(session: ReadSession, actor: Actor, objects: ObjectStore, alert: Alert) -> Explanation:
    evidence = _evidence(session, actor, objects, alert)
    found = explain(evidence)
    rising = found.before is None or found.since is None or found.since >= found.before
    shown = studies.of_window(session, actor, alert, rising=rising)
    named = tuple(cause.shown_by(studies.of_cause(cause, shown)) for cause in found.causes)
    return replace(found, causes=named)


def _evidence(session: ReadSession, actor: Actor, objects: ObjectStore, alert: Alert) -> Evidence:
    kind, change = StreamKind(alert.stream), alert.window_from
    first = change - BEFORE
    at_site = Scope(alert.version_id, alert.site_id, alert.finding_key, first, alert.window_to)
    everywhere = replace(at_site, site_id=None)
    whole: Groups | None = None
    by_axis: tuple[Groups, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    scores = None
    if alert.axis == ALL and kind in LABELLED:
        whole, by_axis, elsewhere = _of_truth(session, actor, alert, everywhere, kind)
    elif alert.axis == ALL and sums.is_decomposed(kind):
        rows = repository.of_site(session, actor, at_site)
        held = _ranks(session, alert, rows)
        split = sums.split(rows, kind, held, change)
        whole, by_axis = _groups(split, kind)
        if whole is None or whole.before.n < FEWEST:
            whole, by_axis = _against_reference(session, objects, alert, split, kind) or (
                whole,
                by_axis,
            )
        others = repository.of_all_sites(session, actor, everywhere)
        elsewhere = _elsewhere(sums.by_site(others, kind, held, change), kind, alert.site_id)
        scores = None if kind is StreamKind.SCORE else _movement(rows, change)
    return Evidence(
        kind=kind,
        change=change,
        whole=whole,
        groups=by_axis,
        elsewhere=elsewhere,
        scores=scores,
        features=_features(session, actor, alert, first),
        events=tuple(_around(session, actor, alert)),
    )


def _groups(split: sums.Split, kind: StreamKind) -> tuple[Groups | None, tuple[Groups, ...]]:
    variance = sums.variance_of(kind)
    found = [split.groups(axis, variance) for axis in split.cells if axis != ALL]
    return split.groups(ALL, variance), tuple(each for each in found if each is not None)


def _ranks(session: ReadSession, alert: Alert, rows: Sequence[Any]) -> Numbers | None:
    """Return the ranks among the days before the change; of the reference where there are none."""
    everybody = [row for row in rows if row.axis == ALL]
    slots = max((len(row.histogram) for row in everybody), default=0) // SLOT.itemsize
    before = [row.histogram for row in everybody if row.day < alert.window_from]
    if slots:
        counts = sums.matrix(before, slots).sum(0)
        if counts[:-2].sum() >= FEWEST:
            found: Numbers = ranks(counts)
            return found
    reference = _reference(session, alert)
    return None if reference is None else ranks(np.asarray(reference.histogram))


def _reference(session: ReadSession, alert: Alert) -> Reference | None:
    if alert.reference_id is not None:
        return session.get(Reference, alert.reference_id)
    place = (alert.version_id, alert.site_id, alert.finding_key)
    return references.on_day(session, *place, alert.window_from)


def _against_reference(
    session: ReadSession, objects: ObjectStore, alert: Alert, split: sums.Split, kind: StreamKind
) -> tuple[Groups | None, tuple[Groups, ...]] | None:
    """Take the reference's cases for the days before, where it holds what is measured."""
    reference = _reference(session, alert)
    if reference is None or kind not in {StreamKind.SCORE, StreamKind.FLAG_RATE}:
        return None
    cases = references.cases(objects, reference)
    values = studies.measured(cases, reference, kind)
    # Of a cross that was named after the reference its cases say nothing.
    for axis in [axis for axis in split.cells if is_cross(axis) and axis not in cases]:
        del split.cells[axis]
    for axis in (ALL, *AXES, *(axis for axis in split.cells if is_cross(axis))):
        for level in split.cells.get(axis, {}).values():
            level[:2] = 0
        levels = cases.get(axis) or [ALL] * len(values)
        keys = [(axis, str(level)) for level in levels]
        day = alert.window_from - timedelta(days=1)
        split.add(keys, [day] * len(keys), np.ones(len(keys)), values)
    return _groups(split, kind)


def _elsewhere(split: sums.Split, kind: StreamKind, site_id: str) -> tuple[Elsewhere, ...]:
    whole = split.groups(ALL, sums.variance_of(kind))
    if whole is None:
        return ()
    found = []
    for at, site in enumerate(whole.levels):
        before, since = whole.before.cases[at], whole.since.cases[at]
        if site != site_id and min(before, since) >= FEWEST:
            then, now = (mean[at] for mean in whole.means)
            error = float(np.sqrt(whole.variance * (1 / before + 1 / since)))
            found.append(Elsewhere(site, float(now - then), error))
    return tuple(found)


def _of_truth(
    session: ReadSession, actor: Actor, alert: Alert, scope: Scope, kind: StreamKind
) -> tuple[Groups | None, tuple[Groups, ...], tuple[Elsewhere, ...]]:
    found = truth.series(
        session,
        actor,
        scope,
        basis=Basis.LABEL,
        axes=(ALL, *crosses.axes(session, alert.version_id)),
    )
    here, there = sums.Split(alert.window_from), sums.Split(alert.window_from)
    for series in found:
        cases, events = _of_labels(series, kind)
        if series.site_id == alert.site_id:
            here.add([(series.axis, series.level)] * len(cases), series.days, cases, events)
        if series.axis == ALL:
            there.add([(ALL, series.site_id)] * len(cases), series.days, cases, events)
    return *_groups(here, kind), _elsewhere(there, kind, alert.site_id)


def _of_labels(series: TruthSeries, kind: StreamKind) -> tuple[Numbers, Numbers]:
    tp, fp, tn, fn = (each.astype(float) for each in (series.tp, series.fp, series.tn, series.fn))
    if kind is StreamKind.MISS_RATE:
        return tp + fn, fn
    return (fp + tn, fp) if kind is StreamKind.FALSE_ALARM_RATE else (tp + fp, tp)


def _features(session: ReadSession, actor: Actor, alert: Alert, first: date) -> dict[str, Movement]:
    scope = Scope(alert.version_id, alert.site_id, None, first, alert.window_to)
    rows = repository.features(session, actor, scope)
    found = {}
    for key, group in groupby(rows, key=lambda row: row.finding_key):
        moved = _movement(list(group), alert.window_from)
        name = str(key).removeprefix(FEATURE)
        # Directions of the model's own vector explain nothing: they are what is to be explained.
        if moved is not None and key != alert.finding_key and not is_of_vector(name):
            found[name] = moved
    return found


def _movement(rows: Sequence[Any], change: date) -> Movement | None:
    """Return how a histogram moved, over the days that were counted on the latest edges."""
    everybody = [row for row in rows if row.axis == ALL and row.histogram]
    if not everybody:
        return None
    reference_id = everybody[-1].reference_id
    by_day: dict[date, list[bytes]] = defaultdict(list)
    for row in everybody:
        if row.reference_id == reference_id:
            by_day[row.day].append(row.histogram)
    slots = len(everybody[-1].histogram) // SLOT.itemsize
    days = tuple(sorted(by_day))
    counts = np.array([sums.matrix(by_day[day], slots).sum(0) for day in days])
    return movement(days, counts, change)


def _around(session: ReadSession, actor: Actor, alert: Alert) -> list[Event]:
    return events(
        session,
        actor,
        version_id=alert.version_id,
        site_id=alert.site_id,
        finding_key=alert.finding_key,
        first=alert.window_from - timedelta(days=NEAR),
        last=min(alert.window_from + timedelta(days=NEAR), alert.window_to),
    )


def events(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    finding_key: str,
    first: date,
    last: date,
) -> list[Event]:
    """Return what was changed at a site between two days, that may change what a version does."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    days = {"first": first, "last": last}
    model_id = versions.version(session, actor, version_id).model_id
    periods = repository.periods(session, actor, model_id=model_id, site_id=site_id, until=last)
    revisions = repository.published(session, actor, site_id=site_id, **days)
    runtimes = repository.runtimes(session, actor, version_id=version_id, site_id=site_id, **days)
    found = [
        *registry.of_deployments(periods, version_id, finding_key, first),
        *registry.of_routing(revisions),
        *registry.of_runtimes(runtimes),
    ]
    return sorted(found, key=lambda event: (event.day, event.what))
