"""Queries for reports, their schedules and what they are made of, within the sites of the actor."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from surveillance.records.folding import SHOWN
from surveillance.records.models import WHOLE_RUN, AggregateDay, PredictionRecord, is_a_number
from surveillance.records.repository import Scope, within_scope
from surveillance.reports.cases import FindingRow, RunRow
from surveillance.reports.figures import Counted, Sums
from surveillance.reports.models import EVERY_FINDING, Report, ReportSchedule, ReportState
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

_RECORD, _DAY = PredictionRecord, AggregateDay


def report(session: ReadSession, actor: Actor, report_id: str) -> Report | None:
    statement = select(Report).where(Report.id == report_id)
    return session.exec(within_sites(statement, actor, Report.site_id)).first()


def reports(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str | None,
    site_id: str | None,
    from_day: date | None,
    to_day: date | None,
    state: ReportState | None,
    before: str | None,
    limit: int,
) -> Sequence[Report]:
    """List reports, newest first; of a period: those that have a day in it."""
    statement = within_sites(select(Report), actor, Report.site_id)
    conditions = (
        (version_id, Report.version_id == version_id),
        (site_id, Report.site_id == site_id),
        (state, Report.state == state),
        (from_day, None if from_day is None else col(Report.to_day) >= from_day),
        (to_day, None if to_day is None else col(Report.from_day) <= to_day),
        (before, None if before is None else col(Report.id) < before),
    )
    wanted: list[Any] = [condition for value, condition in conditions if value is not None]
    return session.exec(statement.where(*wanted).order_by(col(Report.id).desc()).limit(limit)).all()


def schedule(session: ReadSession, actor: Actor, schedule_id: str) -> ReportSchedule | None:
    statement = select(ReportSchedule).where(ReportSchedule.id == schedule_id)
    return session.exec(within_sites(statement, actor, ReportSchedule.site_id)).first()


def schedules(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str | None = None,
    running_only: bool = False,
) -> Sequence[ReportSchedule]:
    """List schedules, newest first."""
    statement = within_sites(select(ReportSchedule), actor, ReportSchedule.site_id)
    if version_id is not None:
        statement = statement.where(ReportSchedule.version_id == version_id)
    if running_only:
        statement = statement.where(col(ReportSchedule.ended_at).is_(None))
    return session.exec(statement.order_by(col(ReportSchedule.id).desc())).all()


def reported_from(session: ReadSession, actor: Actor, schedule_id: str) -> set[date]:
    """Return the first days of the periods that a schedule has a report of."""
    statement = within_sites(select(Report.from_day), actor, Report.site_id)
    return set(session.exec(statement.where(Report.schedule_id == schedule_id)).all())


def outcomes(session: ReadSession, actor: Actor, scope: Scope) -> dict[str, int]:
    """Count the runs of a period by what they came to."""
    statement = _within(
        actor,
        _of(scope, WHOLE_RUN),
        sa.type_coerce(col(_RECORD.outcome), sa.String),
        sa.func.count(),
    )
    rows = session.execute(statement.group_by(col(_RECORD.outcome))).all()
    return {str(outcome): int(count) for outcome, count in rows}


def scored(session: ReadSession, actor: Actor, scope: Scope) -> dict[str, tuple[int, int, int]]:
    """Count, of each finding, its records, those with a score and those with a truth."""
    statement = _within(
        actor,
        [*_of(scope, scope.finding_key), col(_RECORD.finding_key) != WHOLE_RUN],
        col(_RECORD.finding_key),
        sa.func.count(),
        sa.func.count(sa.case((is_a_number(col(_RECORD.score)), 1))),
        sa.func.count(col(_RECORD.truth)),
    )
    rows = session.execute(
        statement.group_by(col(_RECORD.finding_key)).order_by(col(_RECORD.finding_key))
    )
    return {str(key): (int(n), int(scores), int(truths)) for key, n, scores, truths in rows}


def runs(session: ReadSession, actor: Actor, scope: Scope, most: int) -> list[RunRow]:
    """Return `most` runs of a period: a fair sample, as their order is random but fixed."""
    statement = _within(
        actor,
        _of(scope, WHOLE_RUN),
        col(_RECORD.run_pseudonym),
        sa.type_coerce(col(_RECORD.outcome), sa.String),
        col(_RECORD.attributes),
        col(_RECORD.features),
    )
    rows = session.execute(statement.order_by(col(_RECORD.run_pseudonym)).limit(most)).all()
    return [RunRow(*row) for row in rows]


def findings(session: ReadSession, actor: Actor, scope: Scope, up_to: str) -> list[FindingRow]:
    """Return the findings of the runs whose pseudonyms are not beyond `up_to`."""
    statement = _within(
        actor,
        [
            *_of(scope, scope.finding_key),
            col(_RECORD.finding_key) != WHOLE_RUN,
            col(_RECORD.run_pseudonym) <= up_to,
        ],
        col(_RECORD.run_pseudonym),
        col(_RECORD.finding_key),
        col(_RECORD.score),
        col(_RECORD.flagged),
        col(_RECORD.truth),
    )
    return [FindingRow(*row) for row in session.execute(statement)]


def sums(session: ReadSession, actor: Actor, scope: Scope, axes: Sequence[str]) -> Sums:
    """Add up the daily counts of a period by finding, axis and level.

    Decisions are those on what was shown to a reader.
    """
    decided, overridden = (
        sa.case((col(_DAY.mode).in_(sorted(SHOWN)), column), else_=0)
        for column in (col(_DAY.decided), col(_DAY.override_fp) + col(_DAY.override_fn))
    )
    keys = (col(_DAY.finding_key), col(_DAY.axis), col(_DAY.level))
    amounts = (col(_DAY.n), col(_DAY.flagged), decided, overridden)
    statement = within_sites(
        sa.select(*keys, *(sa.func.sum(each) for each in amounts)), actor, _DAY.site_id
    ).where(col(_DAY.axis).in_(axes), *within_scope(_DAY, scope))
    rows = session.execute(statement.group_by(*keys).order_by(*keys))
    return {(row[0], row[1], row[2]): Counted(*map(int, row[3:])) for row in rows}


def scope_of(report: Report) -> Scope:
    key = None if report.finding_key == EVERY_FINDING else report.finding_key
    return Scope(report.version_id, report.site_id, key, report.from_day, report.to_day)


def _of(scope: Scope, finding_key: str | None) -> list[Any]:
    wanted = Scope(scope.version_id, scope.site_id, finding_key, scope.from_day, scope.to_day)
    return [col(_RECORD.superseded).is_(False), *within_scope(_RECORD, wanted)]


def _within(actor: Actor, conditions: Sequence[Any], *columns: Any) -> Any:
    return within_sites(sa.select(*columns), actor, _RECORD.site_id).where(*conditions)
