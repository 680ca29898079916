"""What each automatic check of a version found, and how it knows."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc


class Status(StrEnum):
    """How a check ended. What is not reached has not passed: it may be asked only after others."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not reached"


class AdmissionCheck(Table, table=True):
    """One check of one version: its verdict, the evidence for it and the seconds it took.

    `facts` holds the numbers that the evidence tells of. `supplier_key_id` is on the check of the
    signature: the key that it was made with. Both, and `status`, are absent from checks that were
    made before there were any.
    """

    __tablename__ = "admission_check"
    __table_args__ = (sa.UniqueConstraint("version_id", "name"),)
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id", index=True)
    name: str
    passed: bool
    evidence: str
    seconds: float
    status: str | None = None
    facts: dict[str, Any] | None = Field(default=None, sa_type=Json)
    supplier_key_id: str | None = Field(default=None, foreign_key="supplier_key.id", index=True)
    at: datetime = Field(sa_type=Utc)

    @property
    def state(self) -> Status:
        """Its status, also of a check that was made before there was one."""
        if self.status is not None:
            return Status(self.status)
        return Status.PASSED if self.passed else Status.FAILED
