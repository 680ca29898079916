"""What ran on what, with everything that a later reader needs to know about it, and what it found.

A run pins its inputs by digest, the deployment and routing revision that asked for it, and the
runtime that did it (design invariant 3). Every eligible study ends in a run with an outcome, so
that "not analysed" is a row and not a gap (invariant 2).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type

_SHADOW = sa.text("mode = 'shadow'")


class RunMode(StrEnum):
    """The deployment's mode at planning; a suspended or retired one plans no run."""

    SHADOW = "shadow"
    CANARY = "canary"
    LIVE = "live"


class Priority(StrEnum):
    STAT = "stat"
    ROUTINE = "routine"
    OFF_PEAK = "off_peak"


class RunState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"


class Outcome(StrEnum):
    """How a run ended. SKIPPED, NO_RESULT and FAILED carry a reason, and mean "not analysed"."""

    SUCCEEDED = "SUCCEEDED"
    NO_RESULT = "NO_RESULT"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Run(Table, table=True):
    """A run of a version on a study as it stood.

    `image_statistics` is what the images looked like as the model was given them: the mean over the
    run's images of the numbers in `inference.runs.image_statistics`.
    """

    __tablename__ = "run"
    __table_args__ = (
        # A study as it stood gets one run of a deployment: the database refuses a second.
        sa.UniqueConstraint("study_id", "study_revision", "deployment_id"),
        sa.CheckConstraint("(state = 'finished') = (outcome IS NOT NULL)", name="run_has_outcome"),
        sa.Index("ix_run_site_id_planned_at", "site_id", "planned_at"),
        sa.Index("ix_run_state_planned_at", "state", "planned_at"),
        # What a shadow period is judged by, without a look at the rows of every live run.
        sa.Index(
            "ix_run_shadow",
            "deployment_id",
            "mode",
            "planned_at",
            "outcome",
            sqlite_where=_SHADOW,
            postgresql_where=_SHADOW,
        ),
    )
    id: str = Field(primary_key=True)
    study_id: str = Field(foreign_key="study.id", index=True)
    study_revision: int
    site_id: str = Field(foreign_key="site.id")
    deployment_id: str = Field(foreign_key="deployment.id", index=True)
    deployment_revision: int
    mode: RunMode = Field(sa_type=enum_type(RunMode, "run_mode"))
    version_id: str = Field(foreign_key="model_version.id", index=True)
    version_digest: str
    preprocessing_digest: str
    routing_revision_id: str = Field(foreign_key="routing_revision.id")
    priority: Priority = Field(
        default=Priority.ROUTINE, sa_type=enum_type(Priority, "run_priority")
    )
    state: RunState = Field(default=RunState.PLANNED, sa_type=enum_type(RunState, "run_state"))
    outcome: Outcome | None = Field(default=None, sa_type=enum_type(Outcome, "run_outcome"))
    reason: str | None = None
    supersedes_run_id: str | None = Field(default=None, foreign_key="run.id", index=True)
    inputs: list[dict[str, str]] = Field(default_factory=list, sa_type=Json)
    runtime: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    outputs_digest: str | None = None
    image_statistics: dict[str, float | None] | None = Field(default=None, sa_type=Json)
    planned_at: datetime = Field(sa_type=Utc)
    started_at: datetime | None = Field(default=None, sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)


class Finding(Table, table=True):
    """What the model says of one question on one instance: a score, flagged from the threshold."""

    __tablename__ = "finding"
    __table_args__ = (sa.UniqueConstraint("run_id", "sop_instance_uid", "key"),)
    id: str = Field(primary_key=True)
    run_id: str = Field(foreign_key="run.id", index=True)
    site_id: str = Field(foreign_key="site.id", index=True)
    instance_id: str = Field(foreign_key="instance.id")
    sop_instance_uid: str
    key: str
    name: str
    code: dict[str, str] = Field(sa_type=Json)
    score: float
    threshold: float
    flagged: bool
