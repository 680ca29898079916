"""Gather what a report is made of: the frozen cases of the reference, and the records since."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from surveillance.axes import ALL, AXES, UNKNOWN
from surveillance.measures import rates
from surveillance.measures.divergence import jensen_shannon, stability_index, wasserstein
from surveillance.measures.histogram import Edges
from surveillance.measures.intervals import wilson
from surveillance.records import repository as records
from surveillance.records.models import PredictionRecord
from surveillance.records.repository import Scope
from surveillance.references import service as references
from surveillance.references.models import Reference
from surveillance.reports import comparison
from surveillance.reports.comparison import MIN_CASES, SCORE, Comparison, Table
from surveillance.reports.models import Report
from surveillance.streams.assessment import MIN_BASELINE, OVERRIDE_FACTOR
from surveillance.streams.series import SHOWN
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import ObjectStore

# Beyond this Evidently costs minutes and says no more; the sample is fixed and fair.
MOST_CASES = 20_000


@dataclass(frozen=True)
class Overrides:
    decided: int
    overridden: int
    tolerated: float | None


@dataclass(frozen=True)
class Content:
    """A report's data. `shortage` says why there is not enough of it."""

    reference: Reference | None
    before: Table
    now: Table
    overrides: Overrides
    n_reference: int
    n_current: int
    shortage: str | None = None

    @property
    def comparison(self) -> Comparison:
        return comparison.compare(self.now, self.before)


def gather(session: ReadSession, actor: Actor, objects: ObjectStore, report: Report) -> Content:
    scope = _scope(report)
    reference = references.on_day(
        session, report.version_id, report.site_id, report.finding_key, report.to_day
    )
    rows = [r for r in records.records(session, actor, scope, MOST_CASES) if r.score is not None]
    before: Table = references.cases(objects, reference) if reference else {}
    n_reference = reference.n if reference else 0
    return Content(
        reference=reference,
        before=_sampled(before),
        now=_columns(rows),
        overrides=_overrides(session, actor, scope, reference),
        n_reference=n_reference,
        n_current=len(rows),
        shortage=_shortage(reference, len(rows)),
    )


def request(content: Content, title: str) -> dict[str, Any]:
    """Return what the child is asked for, as plain JSON."""
    columns = content.comparison.columns
    counts = vars(content.overrides) if content.overrides.decided else None
    return {
        "title": title,
        "columns": [{"name": name, **vars(method)} for name, method in columns.items()],
        "reference": {name: list(content.before[name]) for name in columns},
        "current": {name: list(content.now[name]) for name in columns},
        "overrides": counts,
    }


def verdict(content: Content) -> str:
    """Say what the report shows, from our own figures on the frozen edges."""
    return " ".join([_on_scores(content), _on_overrides(content), *_on_columns(content)])


def _scope(report: Report) -> Scope:
    return Scope(
        report.version_id, report.site_id, report.finding_key, report.from_day, report.to_day
    )


def _shortage(reference: Reference | None, current: int) -> str | None:
    if reference is None:
        return "Insufficient data: no reference was set."
    if current < MIN_CASES:
        return f"Insufficient data: {current} of {MIN_CASES} predictions."
    return None


def _columns(rows: list[PredictionRecord]) -> Table:
    table: dict[str, list[Any]] = {SCORE: [row.score for row in rows]}
    for axis in AXES:
        table[axis] = [row.attributes.get(axis, UNKNOWN) for row in rows]
    return table


def _sampled(table: Table) -> Table:
    rows = len(table.get(SCORE, ()))
    step = max(1, -(-rows // MOST_CASES))
    return {name: values[::step] for name, values in table.items()}


def _overrides(
    session: ReadSession, actor: Actor, scope: Scope, reference: Reference | None
) -> Overrides:
    days = [r for r in records.aggregates(session, actor, scope, (ALL,)) if r.mode in SHOWN]
    decided = sum(day.decided for day in days)
    overridden = sum(day.override_fp + day.override_fn for day in days)
    if reference is None or reference.decided < MIN_BASELINE:
        return Overrides(decided, overridden, None)
    tolerated = rates.tolerated_rise(reference.overridden, reference.decided, OVERRIDE_FACTOR)
    return Overrides(decided, overridden, tolerated)


def _on_scores(content: Content) -> str:
    if content.reference is None:
        return ""
    edges = Edges(tuple(content.reference.edges))
    before = np.asarray(content.reference.histogram)
    now = edges.count(content.now[SCORE])
    return (
        f"Scores of {content.n_current} cases against {content.n_reference} of the reference: "
        f"population stability index {stability_index(now, before):.3f}, "
        f"Jensen-Shannon distance {jensen_shannon(now, before):.3f}, "
        f"Wasserstein distance {wasserstein(now, before, edges):.3f}."
    )


def _on_overrides(content: Content) -> str:
    counts = content.overrides
    if not counts.decided:
        return "No reader's decision in this time."
    rate = wilson(counts.overridden, counts.decided)
    return (
        f"Readers overrode {counts.overridden} of {counts.decided} decided cases "
        f"({rate.estimate:.1%}, 95% interval {rate.low:.1%} to {rate.high:.1%})."
    )


def _on_columns(content: Content) -> list[str]:
    chosen = content.comparison
    new = comparison.unseen(content.now, content.before, chosen.columns)
    said = [f"New in {name}: {', '.join(levels)}." for name, levels in new.items()]
    return said + [f"Not compared: {name}, {why}." for name, why in chosen.left_out.items()]
