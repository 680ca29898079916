"""A model and its versions. A version never changes but for its status (design invariant 4)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type


class VersionStatus(StrEnum):
    SUBMITTED = "submitted"
    CHECKED = "checked"
    REFUSED = "refused"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"


class Model(Table, table=True):
    """What a supplier offers under one name, in one or more versions."""

    __tablename__ = "model"
    __table_args__ = (sa.UniqueConstraint("organisation_id", "name"),)
    id: str = Field(primary_key=True)
    organisation_id: str = Field(foreign_key="organisation.id", index=True)
    name: str
    title: str


class ModelVersion(Table, table=True):
    """A package as it was handed over; its archive is in the object store under `digest`."""

    __tablename__ = "model_version"
    __table_args__ = (sa.UniqueConstraint("model_id", "version"),)
    id: str = Field(primary_key=True)
    model_id: str = Field(foreign_key="model.id", index=True)
    organisation_id: str = Field(foreign_key="organisation.id", index=True)
    version: str
    digest: str = Field(unique=True)
    size: int
    manifest: dict[str, Any] = Field(sa_type=Json)
    preprocessing_digest: str
    status: VersionStatus = Field(sa_type=enum_type(VersionStatus, "model_version_status"))
    submitted_by: str
    submitted_at: datetime = Field(sa_type=Utc)
