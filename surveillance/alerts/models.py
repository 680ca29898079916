"""An alert: the numbers it stands on, and what people did about it."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type

_OPEN = sa.text("state <> 'resolved'")


class StreamKind(StrEnum):
    SCORE = "score"
    FLAG_RATE = "flag_rate"
    OVERRIDE_RATE = "override_rate"


class Tier(StrEnum):
    """A watch may be wrong once a year and pages nobody; an escalation calls people."""

    WATCH = "watch"
    ESCALATE = "escalate"


class AlertState(StrEnum):
    """`escalated` is an alert that was seen as a watch and has since reached the higher tier."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REOPENED = "reopened"


class Alert(Table, table=True):
    """At most one is open for a stream: the database refuses the second.

    Attributes:
        tolerance: the bound that the estimate left; below the baseline for a fall.
        window_from: the day from which a change explains the data best.
        cause: what people found, when they resolved it.
    """

    __tablename__ = "alert"
    __table_args__ = (
        sa.Index(
            "uq_alert_open",
            "version_id",
            "site_id",
            "finding_key",
            "stream",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
    id: str = Field(primary_key=True)
    stream: StreamKind = Field(sa_type=enum_type(StreamKind, "alert_stream"))
    version_id: str = Field(foreign_key="model_version.id", index=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    finding_key: str
    reference_id: str = Field(foreign_key="reference.id")
    tier: Tier = Field(sa_type=enum_type(Tier, "alert_tier"))
    state: AlertState = Field(default=AlertState.NEW, sa_type=enum_type(AlertState, "alert_state"))
    estimate: float
    interval_low: float
    interval_high: float
    baseline: float
    tolerance: float
    e_value: float
    n: int
    window_from: date
    window_to: date
    sentence: str
    opened_at: datetime = Field(sa_type=Utc)
    escalated_at: datetime | None = Field(default=None, sa_type=Utc)
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = Field(default=None, sa_type=Utc)
    acknowledged_reason: str | None = None
    resolved_by: str | None = None
    resolved_at: datetime | None = Field(default=None, sa_type=Utc)
    cause: str | None = None
