"""A report: what was asked for, what came of it, and the digests of its documents."""

from datetime import date, datetime
from enum import StrEnum

from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type


class ReportKind(StrEnum):
    DRIFT = "drift"


class ReportState(StrEnum):
    PLANNED = "planned"
    READY = "ready"
    INSUFFICIENT = "insufficient"
    FAILED = "failed"


class Report(Table, table=True):
    """One report. `verdict` is a sentence from our own figures, or why there is no document."""

    __tablename__ = "report"
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
