"""Gather what a report is made of: the frozen cases of the references, and the records since."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surveillance.axes import ALL
from surveillance.crosses import service as crosses
from surveillance.fairness import rows
from surveillance.fairness import service as fairness
from surveillance.fairness.kinds import Against
from surveillance.fairness.service import Found
from surveillance.measures import rates
from surveillance.records.models import FEATURE, WHOLE_RUN, Basis
from surveillance.records.repository import Scope
from surveillance.references import service as references
from surveillance.references.cases import Columns
from surveillance.references.models import Reference
from surveillance.reports import cases, comparison, figures, repository, verdicts
from surveillance.reports.cases import Cases, FindingRow, RunRow
from surveillance.reports.comparison import MIN_CASES, Comparison
from surveillance.reports.figures import Figure, Sums, Truths
from surveillance.reports.models import EVERY_FINDING, Report
from surveillance.reports.verdicts import Said
from surveillance.streams.assessment import MIN_BASELINE, OVERRIDE_FACTOR
from surveillance.truth import service as truth
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import ObjectStore

# Beyond this Evidently costs minutes and says no more; the sample is fixed and fair.
MOST_CASES = 20_000
MOST_VALUES = 300_000


@dataclass(frozen=True)
class Counts:
    """Where every run of the period went.

    Attributes:
        outcomes: runs by what they came to, from the records.
        in_daily_counts: the same runs from the daily counts that alarms are made from.
        findings: of each finding, its records, those with a score, those with a truth.
        drawn: runs that the report draws; the figures are of all.
    """

    outcomes: Mapping[str, int]
    in_daily_counts: int
    findings: Mapping[str, tuple[int, int, int]]
    drawn: int

    @property
    def runs(self) -> int:
        return sum(self.outcomes.values())

    @property
    def is_balanced(self) -> bool:
        return self.runs == self.in_daily_counts

    @property
    def scored(self) -> int:
        """Return how many cases there are: those of the finding that has most."""
        return max((n for _, n, _ in self.findings.values()), default=0)


@dataclass(frozen=True)
class Content:
    """A report's data. `shortage` says why there is not enough of it."""

    report: Report
    references: Mapping[str, Reference]
    now: Cases
    before: Cases
    comparison: Comparison
    figures: list[Figure]
    not_drawn: int
    verdicts: list[Said]
    counts: Counts
    sums: Sums
    shortage: str | None

    @property
    def reference(self) -> Reference | None:
        """Return the reference where there is just one."""
        return next(iter(self.references.values())) if len(self.references) == 1 else None


def gather(session: ReadSession, actor: Actor, objects: ObjectStore, report: Report) -> Content:
    scope = repository.scope_of(report)
    found = repository.scored(session, actor, scope)
    drawn_runs, findings = _records(session, actor, scope, len(found))
    now = cases.of_records(drawn_runs, findings, crosses.axes(session, scope.version_id))
    held = _references(session, report, [*found, *(f"{FEATURE}{name}" for name in now.features)])
    before = _frozen(objects, held)
    sums = repository.sums(session, actor, scope, (ALL, *crosses.axes(session, scope.version_id)))
    whole = Scope(scope.version_id, scope.site_id, WHOLE_RUN, scope.from_day, scope.to_day)
    runs = repository.sums(session, actor, whole, (ALL,)).get((WHOLE_RUN, ALL, ALL))
    counts = Counts(
        outcomes=repository.outcomes(session, actor, scope),
        in_daily_counts=runs.n if runs else 0,
        findings=found,
        drawn=len(drawn_runs),
    )
    of_findings = {key: row for key, row in held.items() if not key.startswith(FEATURE)}
    said = verdicts.said(session, actor, report)
    truths = _truths(session, actor, scope)
    gaps = figures.gaps(_gaps(session, actor, objects, report))
    own = _figures(report, counts, sums, truths, of_findings, said)
    drawn, not_drawn = figures.kept([*own, *gaps])
    return Content(
        report=report,
        references=of_findings,
        now=now,
        before=before,
        comparison=comparison.compare(now, before),
        figures=drawn,
        not_drawn=not_drawn,
        verdicts=said,
        counts=counts,
        sums=sums,
        shortage=_shortage(bool(of_findings) or _has_reference(session, report), counts),
    )


def _records(
    session: ReadSession, actor: Actor, scope: Scope, findings: int
) -> tuple[list[RunRow], list[FindingRow]]:
    most = min(MOST_CASES, MOST_VALUES // (findings + 1))
    runs = repository.runs(session, actor, scope, most)
    if not runs:
        return [], []
    return runs, repository.findings(session, actor, scope, runs[-1].pseudonym)


def _references(session: ReadSession, report: Report, keys: list[str]) -> dict[str, Reference]:
    held = {
        key: references.on_day(session, report.version_id, report.site_id, key, report.to_day)
        for key in keys
    }
    return {key: row for key, row in held.items() if row is not None}


def _has_reference(session: ReadSession, report: Report) -> bool:
    """Whether a reference waits, where no record tells which findings there are."""
    if report.finding_key == EVERY_FINDING:
        return False
    return bool(_references(session, report, [report.finding_key]))


def _frozen(objects: ObjectStore, held: Mapping[str, Reference]) -> Cases:
    tables = {
        key: cases.sampled(_columns(key, references.cases(objects, row)), MOST_CASES)
        for key, row in held.items()
    }
    of_findings = {key: table for key, table in tables.items() if not key.startswith(FEATURE)}
    numbers = {
        key.removeprefix(FEATURE): table for key, table in tables.items() if key.startswith(FEATURE)
    }
    return cases.of_references(of_findings, numbers)


def _columns(key: str, table: Columns) -> Columns:
    """Return the cases of a reference; those of a number have nothing but their values."""
    return {cases.SCORE: table["values"]} if key.startswith(FEATURE) else table


def _truths(session: ReadSession, actor: Actor, scope: Scope) -> Truths:
    found = truth.series(
        session,
        actor,
        scope,
        basis=Basis.EXAM,
        axes=(ALL, *crosses.axes(session, scope.version_id)),
    )
    return figures.labelled(found)


def _gaps(
    session: ReadSession, actor: Actor, objects: ObjectStore, report: Report
) -> list[tuple[Found, str]]:
    """Return the gaps between groups as the fairness page has them, with what is said of each."""
    key = None if report.finding_key == EVERY_FINDING else report.finding_key
    found = fairness.fairness(
        session,
        actor,
        objects,
        version_id=report.version_id,
        site_id=report.site_id,
        finding_key=key,
        from_day=report.from_day,
        to_day=report.to_day,
        is_for_all=True,
    )
    rest = (each for each in found.found if each.gap.contrast.against is Against.REST)
    return [(each, rows.said(found.version, each)) for each in rest]


def _figures(
    report: Report,
    counts: Counts,
    sums: Sums,
    truths: Truths,
    held: Mapping[str, Reference],
    said: list[Said],
) -> list[Figure]:
    days = (report.to_day - report.from_day).days + 1
    found: list[Figure | None] = [figures.volume(counts.outcomes, days)]
    for (key, axis, _), counted in sums.items():
        if axis == ALL:
            found.append(figures.overrides(key, counted, tolerated(held.get(key))))
    for (key, axis, _), labelled in truths.items():
        if axis == ALL:
            found += [figures.calibration(key, labelled), *figures.performance(key, labelled)]
    found += [one.as_figure() for one in said]
    return [figure for figure in found if figure is not None]


def tolerated(reference: Reference | None) -> float | None:
    """Return the rate of overrides that the reference tolerates, if it knows of enough."""
    if reference is None or reference.decided < MIN_BASELINE:
        return None
    bound = rates.tolerated_rise(reference.overridden, reference.decided, OVERRIDE_FACTOR)
    return float(bound)


def _shortage(has_reference: bool, counts: Counts) -> str | None:
    if not has_reference:
        return "Insufficient data: no reference was set."
    if counts.scored < MIN_CASES:
        return f"Insufficient data: {counts.scored} of {MIN_CASES} predictions."
    return None


def as_request(content: Content, title: str) -> dict[str, Any]:
    """Return what the child is asked for, as plain JSON."""
    found = content.comparison
    return {
        "title": title,
        "columns": [
            {"name": one.name, **vars(one.method), "now": one.now, "before": one.before}
            for one in found.columns
        ],
        "classified": [vars(one) for one in found.classified],
        "figures": [figure.as_request() for figure in content.figures],
    }
