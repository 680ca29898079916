"""The objects made from a run. The bytes are in the object store under their digest."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc, enum_type


class ResultKind(StrEnum):
    SR = "SR"


class Result(Table, table=True):
    """One object of one run: its UIDs derive from the run, so there is never a second one."""

    __tablename__ = "result"
    __table_args__ = (sa.UniqueConstraint("run_id", "kind"),)
    id: str = Field(primary_key=True)
    run_id: str = Field(foreign_key="run.id")
    site_id: str = Field(foreign_key="site.id", index=True)
    kind: ResultKind = Field(sa_type=enum_type(ResultKind, "result_kind"))
    sop_class_uid: str
    sop_instance_uid: str = Field(unique=True)
    series_instance_uid: str
    digest: str
    created_at: datetime = Field(sa_type=Utc)
