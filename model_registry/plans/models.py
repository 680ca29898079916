"""Each version's plan as its package holds it, and what came of holding a version against one."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc


class Plan(Table, table=True):
    """What change_plan.yaml of a version says, read when the version was admitted."""

    __tablename__ = "change_plan"
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", unique=True)
    content_digest: str
    content: dict[str, Any] = Field(sa_type=Json)
    read_at: datetime = Field(sa_type=Utc)


class PlanAssessment(Table, table=True):
    """One version held against the plan that it claims; the newest counts.

    It speaks of bytes only, which never change. Whether the reviewed version still stands is asked
    each time (`cover`).

    Attributes:
        predecessor_id: the version that it says it changes.
        anchor_id: the version that was reviewed in full, whose plan rules.
        step: the key of the plan's step.
        chain: the versions between it and the anchor, the anchor last.
        is_inside: every difference is allowed and every criterion of the card is met.
        reasons: what puts it outside.
        differences: each with its section, path, before, after, allowed, and from which version.
        criteria: each with what was asked, what was found, and whether it is met.
    """

    __tablename__ = "plan_assessment"
    __table_args__ = (sa.UniqueConstraint("version_id", "number"),)
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id")
    number: int
    predecessor_id: str | None = Field(default=None, foreign_key="model_version.id")
    anchor_id: str | None = Field(default=None, foreign_key="model_version.id")
    step: str
    chain: list[str] = Field(sa_type=Json)
    is_inside: bool
    reasons: list[str] = Field(sa_type=Json)
    differences: list[dict[str, Any]] = Field(sa_type=Json)
    criteria: list[dict[str, Any]] = Field(sa_type=Json)
    assessed_by: str
    at: datetime = Field(sa_type=Utc)
