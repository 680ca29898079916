"""The rules of a site, revision by revision, and what they decided for each study."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type


class RevisionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


_PUBLISHED = sa.text("state = 'published'")


class RoutingRevision(Table, table=True):
    """The whole ordered list of a site's rules. Never edited: a change is the next revision."""

    __tablename__ = "routing_revision"
    __table_args__ = (
        sa.UniqueConstraint("site_id", "number"),
        sa.Index(
            "ix_routing_revision_one_published",
            "site_id",
            unique=True,
            sqlite_where=_PUBLISHED,
            postgresql_where=_PUBLISHED,
        ),
    )
    id: str = Field(primary_key=True)
    site_id: str = Field(foreign_key="site.id")
    number: int
    state: RevisionState = Field(sa_type=enum_type(RevisionState, "routing_revision_state"))
    rules: list[dict[str, Any]] = Field(sa_type=Json)
    digest: str
    reason: str
    drafted_by: str
    drafted_at: datetime = Field(sa_type=Utc)
    published_by: str | None = None
    published_at: datetime | None = Field(default=None, sa_type=Utc)


class RoutingDecision(Table, table=True):
    """Why a study was, or was not, sent to a model."""

    __tablename__ = "routing_decision"
    id: str = Field(primary_key=True)
    study_id: str = Field(foreign_key="study.id", index=True)
    study_revision: int
    site_id: str = Field(foreign_key="site.id", index=True)
    routing_revision_id: str | None = Field(default=None, foreign_key="routing_revision.id")
    rule: str
    deployment_id: str | None = Field(default=None, foreign_key="deployment.id")
    sent: bool
    reason: str
    decided_at: datetime = Field(sa_type=Utc)
