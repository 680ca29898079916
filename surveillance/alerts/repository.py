"""Queries for alerts, each within the sites the actor may read."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from surveillance.alerts.models import Alert, AlertState
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

# version, site, subject, kind, axis and level
StreamKey = tuple[str, str, str, str, str, str]
_KEY = (
    col(Alert.version_id),
    col(Alert.site_id),
    col(Alert.finding_key),
    col(Alert.stream),
    col(Alert.axis),
    col(Alert.level),
)


def alert(session: ReadSession, actor: Actor, alert_id: str) -> Alert | None:
    statement = select(Alert).where(Alert.id == alert_id)
    return session.exec(within_sites(statement, actor, Alert.site_id)).first()


def to_act_on(session: WriteSession, actor: Actor, alert_id: str) -> Alert | None:
    """Return an alert as it is now, and nobody else's to act on until the transaction ends."""
    statement = select(Alert).where(Alert.id == alert_id).with_for_update()
    statement = within_sites(statement, actor, Alert.site_id)
    return session.exec(statement.execution_options(populate_existing=True)).first()


def alerts(
    session: ReadSession,
    actor: Actor,
    *,
    states: Sequence[AlertState] | None = None,
    version_id: str | None = None,
    site_id: str | None = None,
    before: str | None = None,
    limit: int,
) -> Sequence[Alert]:
    """List alerts, newest first: identifiers sort by time, so one is a cursor too."""
    statement = within_sites(select(Alert), actor, Alert.site_id)
    if states is not None:
        statement = statement.where(col(Alert.state).in_(states))
    if version_id is not None:
        statement = statement.where(Alert.version_id == version_id)
    if site_id is not None:
        statement = statement.where(Alert.site_id == site_id)
    if before is not None:
        statement = statement.where(Alert.id < before)
    return session.exec(statement.order_by(col(Alert.id).desc()).limit(limit)).all()


def open_alert(session: WriteSession, key: StreamKey) -> Alert | None:
    """Return the open alert of a stream, nobody else's to change until the transaction ends."""
    same = (column == value for column, value in zip(_KEY, key, strict=True))
    statement = select(Alert).where(Alert.state != AlertState.RESOLVED, *same)
    locked = statement.with_for_update().execution_options(populate_existing=True)
    return session.exec(locked).first()


def last_resolved(session: ReadSession) -> dict[StreamKey, datetime]:
    """Return when each stream's latest alert was resolved: its detector starts anew from there."""
    statement = (
        sa.select(*_KEY, sa.func.max(col(Alert.resolved_at)))
        .where(col(Alert.state) == AlertState.RESOLVED)
        .group_by(*_KEY)
    )
    return {
        (row[0], row[1], row[2], row[3], row[4], row[5]): row[6]
        for row in session.execute(statement)
    }
