"""Reports for every whole week or month: set and ended by a person, asked for when one is over."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.exc import IntegrityError

from surveillance.reports import periods, repository, service
from surveillance.reports.errors import AlreadyScheduled, ScheduleEnded, UnknownSchedule
from surveillance.reports.models import EVERY_FINDING, Cadence, Report, ReportSchedule
from vigil.kernel.audit import service as audit
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.engine.queue import Queue
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission


def add(
    session: WriteSession,
    actor: Actor,
    *,
    version_id: str,
    site_id: str,
    cadence: Cadence,
    reason: str,
    finding_key: str = EVERY_FINDING,
    from_day: date | None = None,
) -> ReportSchedule:
    """Have a report made of each period that begins from today on, or from the day named.

    Raises:
        AlreadyScheduled: one of this cadence runs for the same.
    """
    actor.require(Permission.SURVEILLANCE_RUN, site_id)
    row = ReportSchedule(
        id=session.new_id("rsc"),
        version_id=version_id,
        site_id=site_id,
        finding_key=finding_key,
        cadence=cadence.value,
        from_day=from_day or session.now().date(),
        set_by=actor.id,
        set_at=session.now(),
        reason=reason,
    )
    same = [
        each
        for each in repository.schedules(session, actor, version_id=version_id, running_only=True)
        if (each.site_id, each.finding_key, each.cadence) == (site_id, finding_key, row.cadence)
    ]
    if same:
        raise AlreadyScheduled(f"The schedule {same[0].id} does this already.")
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise AlreadyScheduled("Somebody scheduled the same meanwhile.") from error
    _note(session, actor, "add", row, reason)
    return row


def end(session: WriteSession, actor: Actor, *, schedule_id: str, reason: str) -> ReportSchedule:
    """End a schedule; the reports that it made stay.

    Raises:
        ScheduleEnded: it was ended before.
    """
    row = schedule(session, actor, schedule_id)
    actor.require(Permission.SURVEILLANCE_RUN, row.site_id)
    if row.ended_at is not None:
        raise ScheduleEnded("The schedule was ended before.")
    row.ended_by, row.ended_at = actor.id, session.now()
    session.add(row)
    session.flush()
    _note(session, actor, "end", row, reason)
    return row


def ask_for_due(session: WriteSession, actor: Actor, queue: Queue, today: date) -> list[Report]:
    """Ask for the report of each period that is over and has none; done twice, it asks for none."""
    asked = []
    for row in repository.schedules(session, actor, running_only=True):
        reported = repository.reported_from(session, actor, row.id)
        for first, last in periods.over(Cadence(row.cadence), row.from_day, today):
            if first not in reported:
                asked.append(_ask(session, actor, queue, row, first, last))
    return asked


def schedule(session: ReadSession, actor: Actor, schedule_id: str) -> ReportSchedule:
    """Return a schedule that the actor may read.

    Raises:
        UnknownSchedule: there is none, or not for this actor.
    """
    actor.require(Permission.SURVEILLANCE_READ)
    found = repository.schedule(session, actor, schedule_id)
    if found is None:
        raise UnknownSchedule("No schedule has this id.")
    return found


def schedules(
    session: ReadSession, actor: Actor, *, version_id: str | None = None, running_only: bool = False
) -> Sequence[ReportSchedule]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.schedules(session, actor, version_id=version_id, running_only=running_only)


def _ask(
    session: WriteSession, actor: Actor, queue: Queue, row: ReportSchedule, first: date, last: date
) -> Report:
    return service.request(
        session,
        actor,
        queue,
        version_id=row.version_id,
        site_id=row.site_id,
        finding_key=row.finding_key,
        from_day=first,
        to_day=last,
        reason=f"{row.cadence} schedule {row.id}",
        schedule_id=row.id,
    )


def _note(session: WriteSession, actor: Actor, deed: str, row: ReportSchedule, reason: str) -> None:
    audit.record(
        session,
        actor,
        f"surveillance:report_schedule:{deed}",
        row.id,
        reason,
        version=row.version_id,
        site=row.site_id,
        finding=row.finding_key,
        cadence=row.cadence,
    )
