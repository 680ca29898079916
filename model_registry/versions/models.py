"""A model, its versions, what they are called, and how each came to its status.

A version never changes but for its status (design invariant 4): the database itself refuses it, and
refuses to delete what is here (docs/adr/0015-versions.md).
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from vigil.kernel.db import Json, Table, Utc, enum_type

_STANDING = sa.text("ended_at IS NULL")


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
    __table_args__ = (
        sa.UniqueConstraint("model_id", "version"),
        sa.Index(None, "model_id", "id"),
    )
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


class VersionFile(Table, table=True):
    """One file of a package by its digest; the object store has the documents under theirs."""

    __tablename__ = "version_file"
    __table_args__ = (sa.UniqueConstraint("version_id", "name"),)
    id: str = Field(primary_key=True)
    version_id: str = Field(foreign_key="model_version.id")
    name: str
    digest: str
    size: int


class VersionChange(Table, table=True):
    """A step from one status to another: who took it, when and why."""

    __tablename__ = "version_change"
    __table_args__ = (sa.Index(None, "model_id", "at"), sa.Index(None, "version_id", "at"))
    id: str = Field(primary_key=True)
    model_id: str = Field(foreign_key="model.id")
    version_id: str = Field(foreign_key="model_version.id")
    status: VersionStatus = Field(sa_type=enum_type(VersionStatus, "version_change_status"))
    at: datetime = Field(sa_type=Utc)
    by: str
    by_label: str
    reason: str


class ModelAlias(Table, table=True):
    """What a model's alias stood for, from one instant to another; without an end, still does."""

    __tablename__ = "model_alias"
    __table_args__ = (
        sa.Index(
            "uq_model_alias_standing",
            "model_id",
            "name",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
        sa.Index(None, "model_id", "set_at"),
    )
    id: str = Field(primary_key=True)
    model_id: str = Field(foreign_key="model.id")
    name: str
    version_id: str = Field(foreign_key="model_version.id", index=True)
    set_by: str
    set_by_label: str
    set_at: datetime = Field(sa_type=Utc)
    reason: str
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    ended_by: str | None = None
    ended_by_label: str | None = None
    end_reason: str | None = None
