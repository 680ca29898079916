"""Read the daily counts as streams: verdicts, the override summary, and what a supplier may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from surveillance.alerts import service as alerts
from surveillance.alerts.models import StreamKind
from surveillance.alerts.repository import StreamKey
from surveillance.axes import ALL
from surveillance.measures.intervals import Interval, wilson
from surveillance.records import repository as records
from surveillance.records.models import WHOLE_RUN
from surveillance.records.repository import Scope
from surveillance.references import service as references
from surveillance.references.models import Reference
from surveillance.streams import assessment
from surveillance.streams.assessment import Assessment
from surveillance.streams.series import SHOWN, Series, from_rows
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission

_ASSESS = {
    StreamKind.SCORE: assessment.of_scores,
    StreamKind.FLAG_RATE: assessment.of_flags,
    StreamKind.OVERRIDE_RATE: assessment.of_overrides,
}


@dataclass(frozen=True)
class OverrideSummary:
    """How often readers overrode a version, with every denominator on the way.

    `shown` counts results meant for a reader (canary, live); that one was opened is not known.
    """

    eligible: int
    analysed: int
    shown: int
    decided: int
    override_fp: int
    override_fn: int
    rate: Interval | None


def assess(
    session: ReadSession,
    actor: Actor,
    *,
    day: date,
    version_id: str | None = None,
    site_id: str | None = None,
) -> list[Assessment]:
    """Assess every stream up to and including `day`."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    scope = Scope(version_id, site_id, to_day=day)
    rows = records.daily(session, actor, scope)
    forgotten = alerts.starts_after(session)
    return [
        found for series in from_rows(rows) for found in _assess(session, series, day, forgotten)
    ]


def override_summary(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    from_day: date,
    to_day: date,
) -> OverrideSummary:
    """Count runs, results shown, decisions and overrides of a version at a site."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    scope = Scope(version_id, site_id, None, from_day, to_day)
    rows = [r for r in records.aggregates(session, actor, scope, (ALL,)) if r.mode in SHOWN]
    runs = [row for row in rows if row.finding_key == WHOLE_RUN]
    findings = [row for row in rows if row.finding_key != WHOLE_RUN]
    decided = sum(row.decided for row in findings)
    fp, fn = sum(row.override_fp for row in findings), sum(row.override_fn for row in findings)
    not_analysed = sum(r.skipped + r.failed + r.no_result + r.cancelled for r in runs)
    eligible = sum(row.n for row in runs)
    return OverrideSummary(
        eligible=eligible,
        analysed=eligible - not_analysed,
        shown=sum(row.shown for row in findings),
        decided=decided,
        override_fp=fp,
        override_fn=fn,
        rate=wilson(fp + fn, decided) if decided else None,
    )


def series(
    session: ReadSession, actor: Actor, *, version_id: str, site_id: str, from_day: date
) -> list[Series]:
    """Return the daily counts of a version's findings at a site."""
    actor.require(Permission.SURVEILLANCE_READ, site_id)
    return from_rows(records.daily(session, actor, Scope(version_id, site_id, None, from_day)))


def _assess(
    session: ReadSession, series: Series, day: date, forgotten: Mapping[StreamKey, date]
) -> Sequence[Assessment]:
    stream = series.stream
    reference = references.on_day(session, *stream, day)
    if reference is None:
        return assessment.without_reference(series)
    under = _since(series, reference)
    return [
        assess_one(under.after(forgotten.get((*stream, kind), date.min)), reference)
        for kind, assess_one in _ASSESS.items()
    ]


def _since(series: Series, reference: Reference) -> Series:
    """Return the days that the reference holds for: earlier ones were counted on other edges."""
    return series.after(reference.effective_from - timedelta(days=1)).on(reference.id)
