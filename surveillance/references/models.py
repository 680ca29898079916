"""The reference that a version's findings are held against, from a day on.

A row is never changed but for being superseded: which counts were made on which edges stays true.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type

_ACTIVE = "status = 'active'"
_AT_SITE = f"{_ACTIVE} AND site_id IS NOT NULL"
_ANYWHERE = f"{_ACTIVE} AND site_id IS NULL"


class ReferenceSource(StrEnum):
    PACKAGE = "package"
    SITE = "site"


class ReferenceStatus(StrEnum):
    ACTIVE = "active"
    SUPERSEDED = "superseded"


class Reference(Table, table=True):
    """Frozen edges and counts; the flag and override baselines; the cases themselves by digest.

    `site_id` None holds wherever a site has none of its own. `decided` and `overridden` are zero
    where readers' decisions were not part of it. `positives` and `negatives` count the labelled
    cases on the same edges, None where no case was labelled. `baselines` and `groups` are how often
    each thing happened among the cases (`surveillance.references.baselines`).
    """

    __tablename__ = "reference"
    __table_args__ = (
        sa.Index(
            "uq_reference_active_at_site",
            "version_id",
            "site_id",
            "finding_key",
            unique=True,
            sqlite_where=sa.text(_AT_SITE),
            postgresql_where=sa.text(_AT_SITE),
        ),
        sa.Index(
            "uq_reference_active_anywhere",
            "version_id",
            "finding_key",
            unique=True,
            sqlite_where=sa.text(_ANYWHERE),
            postgresql_where=sa.text(_ANYWHERE),
        ),
    )
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    site_id: str | None = Field(default=None, foreign_key="site.id")
    finding_key: str
    edges: list[float] = Field(sa_type=Json)
    histogram: list[int] = Field(sa_type=Json)
    n: int
    flagged: int
    decided: int = 0
    overridden: int = 0
    cases_digest: str
    source: ReferenceSource = Field(sa_type=enum_type(ReferenceSource, "reference_source"))
    status: ReferenceStatus = Field(
        default=ReferenceStatus.ACTIVE, sa_type=enum_type(ReferenceStatus, "reference_status")
    )
    effective_from: date
    set_by: str
    set_at: datetime = Field(sa_type=Utc)
    reason: str
    supersedes_id: str | None = Field(default=None, foreign_key="reference.id")
    positives: list[int] | None = Field(default=None, sa_type=Json)
    negatives: list[int] | None = Field(default=None, sa_type=Json)
    baselines: dict[str, Any] | None = Field(default=None, sa_type=Json)
    groups: dict[str, Any] | None = Field(default=None, sa_type=Json)

    @property
    def flag_rate(self) -> float:
        return self.flagged / self.n

    @property
    def override_rate(self) -> float | None:
        return self.overridden / self.decided if self.decided else None
