"""A tolerance that somebody set. Rows are only added: the latest that holds on a day counts."""

from datetime import date, datetime

from sqlmodel import Field

from vigil.kernel.db import Table, Utc


class StreamTolerance(Table, table=True):
    """How far streams of a kind may move, from a day on.

    Attributes:
        kind: what the streams count (`surveillance.streams.kinds`).
        version_id: of one version only; `site_id` and `subject` likewise.
        amount: standard deviations, a factor, or a difference, as the kind has it.
    """

    __tablename__ = "stream_tolerance"
    id: str = Field(primary_key=True)
    kind: str = Field(index=True)
    version_id: str | None = Field(default=None, foreign_key="model_version.id")
    site_id: str | None = Field(default=None, foreign_key="site.id")
    subject: str | None = None
    amount: float
    from_day: date
    set_by: str
    set_at: datetime = Field(sa_type=Utc)
    reason: str
