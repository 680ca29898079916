"""Labels as a site tells them, each kept, and the batches that they came in.

A label is of a study, not of a version: every version's record of the study is judged by it. The
daily counts made of it are `surveillance.records.models.TruthDay`.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc

_STANDING = sa.text("standing")


class TruthBatch(Table, table=True):
    """A table that was sent. `id` is the digest of its content, so that the same one is known.

    Attributes:
        kind: labels or groups.
        rows: how many lines of data it has: the sum of `verdicts`.
        verdicts: how many lines came to which verdict.
        open_lines: the lines that could not be taken, with why; the same table sent again tries
            only these.
        times: how often it was sent.
    """

    __tablename__ = "truth_batch"
    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    kind: str
    source: str
    rows: int
    verdicts: dict[str, int] = Field(sa_type=Json)
    open_lines: dict[str, str] = Field(sa_type=Json)
    times: int = 1
    sent_by: str
    sent_at: datetime = Field(sa_type=Utc)
    reason: str


class ReferenceStandard(Table, table=True):
    """What somebody said of a finding in a study. `present` None takes back what was said before.

    The latest by its day counts; on one day, the last told. `standing` is the first of the last run
    that agrees: its day is the one that the label counts on.
    """

    __tablename__ = "reference_standard"
    __table_args__ = (
        sa.Index(
            "uq_reference_standard_standing",
            "site_id",
            "study_pseudonym",
            "finding_key",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        sa.Index("ix_reference_standard_study", "site_id", "study_pseudonym"),
    )
    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id")
    study_pseudonym: str
    finding_key: str
    present: bool | None
    source: str
    label_day: date
    batch_id: str = Field(foreign_key="truth_batch.id", index=True)
    recorded_by: str
    recorded_at: datetime = Field(sa_type=Utc)
    supersedes_id: str | None = Field(default=None, foreign_key="reference_standard.id")
    standing: bool = True


class StudyGroup(Table, table=True):
    """The groups that a site told for a study: for the records that are still to come."""

    __tablename__ = "study_group"
    __table_args__ = (sa.UniqueConstraint("site_id", "study_pseudonym"),)
    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id")
    study_pseudonym: str
    levels: dict[str, str] = Field(sa_type=Json)
    batch_id: str = Field(foreign_key="truth_batch.id", index=True)
    recorded_at: datetime = Field(sa_type=Utc)
