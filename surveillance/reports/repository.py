"""Queries for reports, each within the sites the actor may read."""

from collections.abc import Sequence

from sqlmodel import col, select

from surveillance.reports.models import Report
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites


def report(session: ReadSession, actor: Actor, report_id: str) -> Report | None:
    statement = select(Report).where(Report.id == report_id)
    return session.exec(within_sites(statement, actor, Report.site_id)).first()


def reports(
    session: ReadSession, actor: Actor, *, version_id: str | None, before: str | None, limit: int
) -> Sequence[Report]:
    """List reports, newest first."""
    statement = within_sites(select(Report), actor, Report.site_id)
    if version_id is not None:
        statement = statement.where(Report.version_id == version_id)
    if before is not None:
        statement = statement.where(Report.id < before)
    return session.exec(statement.order_by(col(Report.id).desc()).limit(limit)).all()
