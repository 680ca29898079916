"""The engine's own tables, beside those that DBOS keeps."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc


class StepOutcome(Table, table=True):
    """What a transactional step returned: written with its effects, so they happen once."""

    __tablename__ = "engine_step_outcome"
    work_id: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    outcome: Any = Field(default=None, sa_type=Json, nullable=True)
    at: datetime = Field(sa_type=Utc)


class Worker(Table, table=True):
    """A process that runs work. One whose heart stopped beating is dead; its work is taken over."""

    __tablename__ = "worker"
    id: str = Field(primary_key=True)
    pipeline: str
    started_at: datetime = Field(sa_type=Utc)
    beat_at: datetime = Field(sa_type=Utc)
