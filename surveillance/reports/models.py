"""A report: what was asked for, what came of it, and the digests of its documents; its schedule."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from surveillance.records.models import WHOLE_RUN
from vigil.kernel.db import Json, Table, Utc, enum_type

# The finding key of a report on everything that a version finds.
EVERY_FINDING = WHOLE_RUN


class ReportKind(StrEnum):
    DRIFT = "drift"


class ReportState(StrEnum):
    PLANNED = "planned"
    READY = "ready"
    INSUFFICIENT = "insufficient"
    FAILED = "failed"


class Phase(StrEnum):
    """How far a report is; stored as plain text beside the state."""

    PLANNED = "planned"
    COLLECTING = "collecting"
    ASSESSING = "assessing"
    RENDERING = "rendering"
    STORING = "storing"
    DONE = "done"
    FAILED = "failed"

    @property
    def percent(self) -> int:
        return _PERCENT[self]


_PERCENT = {
    Phase.PLANNED: 0,
    Phase.COLLECTING: 10,
    Phase.ASSESSING: 30,
    Phase.RENDERING: 50,
    Phase.STORING: 90,
    Phase.DONE: 100,
    Phase.FAILED: 100,
}


class Cadence(StrEnum):
    """Whole weeks begin on Monday (ISO 8601), months on their first."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


class ReportSchedule(Table, table=True):
    """That a report is made for each whole week or month; set and ended by a person.

    Attributes:
        finding_key: a finding, or `EVERY_FINDING`.
        from_day: no period that begins before it is reported.
    """

    __tablename__ = "report_schedule"
    __table_args__ = (
        sa.Index(
            "uq_report_schedule_running",
            "version_id",
            "site_id",
            "finding_key",
            "cadence",
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    finding_key: str
    cadence: str
    from_day: date
    set_by: str
    set_at: datetime = Field(sa_type=Utc)
    reason: str
    ended_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=Utc)


class Report(Table, table=True):
    """One report. `verdict` is a sentence from our own figures, or why there is no document.

    Attributes:
        finding_key: a finding, or `EVERY_FINDING`.
        phase: how far it is, as a `Phase`.
        attempts: how often somebody asked for it, the retries of a failed one included.
        summary: what its first page says (`surveillance.reports.summary`).
    """

    __tablename__ = "report"
    __table_args__ = (
        # A period is reported once, however often it is asked for.
        sa.Index("uq_report_scheduled", "schedule_id", "from_day", unique=True),
    )
    id: str = Field(primary_key=True)
    kind: ReportKind = Field(sa_type=enum_type(ReportKind, "report_kind"))
    version_id: str = Field(foreign_key="model_version.id", index=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    finding_key: str
    from_day: date
    to_day: date
    state: ReportState = Field(
        default=ReportState.PLANNED, sa_type=enum_type(ReportState, "report_state")
    )
    reference_id: str | None = Field(default=None, foreign_key="reference.id")
    html_digest: str | None = None
    json_digest: str | None = None
    n_reference: int | None = None
    n_current: int | None = None
    verdict: str | None = None
    created_by: str
    created_at: datetime = Field(sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
    schedule_id: str | None = Field(default=None, foreign_key="report_schedule.id")
    phase: str = Field(
        default=Phase.PLANNED.value, sa_column_kwargs={"server_default": sa.text("'done'")}
    )
    attempts: int = Field(default=1, sa_column_kwargs={"server_default": sa.text("1")})
    summary: dict[str, Any] | None = Field(default=None, sa_type=Json)

    @property
    def percent(self) -> int:
        return Phase(self.phase).percent
