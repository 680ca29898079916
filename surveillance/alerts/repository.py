"""Queries for alerts, each within the sites the actor may read."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from surveillance.alerts.models import Alert, AlertState, StreamKind
from vigil.kernel.db import ReadSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

StreamKey = tuple[str, str, str, StreamKind]


def alert(session: ReadSession, actor: Actor, alert_id: str) -> Alert | None:
    statement = select(Alert).where(Alert.id == alert_id)
    return session.exec(within_sites(statement, actor, Alert.site_id)).first()


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


def open_alert(session: ReadSession, key: StreamKey) -> Alert | None:
    version_id, site_id, finding_key, stream = key
    statement = select(Alert).where(
        Alert.version_id == version_id,
        Alert.site_id == site_id,
        Alert.finding_key == finding_key,
        Alert.stream == stream,
        Alert.state != AlertState.RESOLVED,
    )
    return session.exec(statement).first()


def last_resolved(session: ReadSession) -> dict[StreamKey, datetime]:
    """Return when each stream's latest alert was resolved: its detector starts anew from there."""
    key = (Alert.version_id, Alert.site_id, Alert.finding_key, Alert.stream)
    statement = (
        sa.select(*map(col, key), sa.func.max(col(Alert.resolved_at)))
        .where(col(Alert.state) == AlertState.RESOLVED)
        .group_by(*map(col, key))
    )
    return {(row[0], row[1], row[2], row[3]): row[4] for row in session.execute(statement)}
