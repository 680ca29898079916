"""An alert: the numbers it stands on, and what people did about it."""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type

_OPEN = sa.text("state <> 'resolved'")


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
        stream: what the stream counts (`surveillance.streams.kinds`); plain text, as kinds grow.
        axis: `all`, or what the cases are divided by; `level` is then the group.
        reference_id: the reference that it was held against, where there is one.
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
            "axis",
            "level",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )
    id: str = Field(primary_key=True)
    stream: str
    axis: str = Field(default="all", sa_column_kwargs={"server_default": "all"})
    level: str = Field(default="all", sa_column_kwargs={"server_default": "all"})
    version_id: str = Field(foreign_key="model_version.id", index=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    finding_key: str
    reference_id: str | None = Field(default=None, foreign_key="reference.id")
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

    @property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """Return what names the alert's stream."""
        stream = (self.version_id, self.site_id, self.finding_key, self.stream)
        return (*stream, self.axis, self.level)
