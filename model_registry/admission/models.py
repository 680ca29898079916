"""What each automatic check of a version found, and how it knows."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Table, Utc


class AdmissionCheck(Table, table=True):
    """One check of one version: its verdict, the evidence for it and the seconds it took."""

    __tablename__ = "admission_check"
    __table_args__ = (sa.UniqueConstraint("version_id", "name"),)
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    name: str
    passed: bool
    evidence: str
    seconds: float
    at: datetime = Field(sa_type=Utc)
