"""A trial of the engine on a table, or on a site's history. It alarms nobody."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc


class SimulationKind(StrEnum):
    TABLE = "table"
    BACKFILL = "backfill"


class SimulationState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Simulation(Table, table=True):
    """One trial for one site.

    Attributes:
        kind: a `SimulationKind`; `state` a `SimulationState`. Text, as both may grow.
        question: what is asked: of a table `question.Question`, of the history its days.
        version_id: of a backfill, whose history.
        done: how much of `total` is done, in days of a backfill.
        note: why it failed.
    """

    __tablename__ = "simulation"
    __table_args__ = (sa.Index("ix_simulation_site", "site_id", "id"),)
    id: str = Field(primary_key=True)
    kind: str
    site_id: str = Field(foreign_key="site.id")
    version_id: str | None = Field(default=None, foreign_key="model_version.id", index=True)
    title: str
    question: dict[str, Any] = Field(sa_type=Json)
    has_reference: bool = False
    state: str = SimulationState.PLANNED.value
    done: int = 0
    total: int = 1
    note: str | None = None
    result_digest: str | None = None
    html_digest: str | None = None
    created_by: str
    created_at: datetime = Field(sa_type=Utc)
    finished_at: datetime | None = Field(default=None, sa_type=Utc)
